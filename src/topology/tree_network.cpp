#include "topology/tree_network.hpp"

#include <algorithm>
#include <string>

#include "topology/node_builder.hpp"
#include "topology/shortest_paths.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

DeviceKind kind_of_tier(std::size_t tier) {
  if (tier == 0) return DeviceKind::leaf;
  return tier == 1 ? DeviceKind::spine : DeviceKind::core;
}

std::string name_of_tier(std::size_t tier) {
  std::string name{name_of(kind_of_tier(tier))};
  return tier > 2 ? name + std::to_string(tier - 1) : name;
}

class TreeNetwork final : public ScaleOutNetwork {
 public:
  TreeNetwork(const Platform& platform, const NodeLayout& nodes, std::unique_ptr<LeafMap> leaf_map, Fabric& fabric,
              TreePart part)
      : leaf_map_(std::move(leaf_map)),
        plan_(plan_tree(platform, leaf_map_->shape())),
        sprayed_(platform.scale_out.routing != hardware::RoutingKind::ecmp),
        part_(part) {
    check_cables(platform);
    fabric.reserve(switch_devices(), 2 * nodes.nic_count() + trunk_channels());
    add_switches(fabric);
    add_access(platform, nodes, fabric);
    for (std::size_t tier = 0; tier + 1 < plan_.size(); ++tier) add_trunks(platform, tier, fabric);
    for (std::size_t tier = 0; tier < plan_.size(); ++tier) models_.push_back(platform.scale_out.tier_switch(tier));
  }

  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                                 std::vector<ChannelUse>& path) const override {
    const std::size_t first = path.size();
    append(from, to, flow, path);
    // What is dead, switches take out of the hash: the flow lands elsewhere.
    for (std::uint64_t again = 1; crosses_dead(path, first); ++again) {
      path.resize(first);
      if (sprayed_ || again > rehashes) return false;
      append(from, to, mix(flow ^ mix(again)), path);
    }
    return true;
  }

  void append(const NicPlace& from, const NicPlace& to, std::uint64_t flow, std::vector<ChannelUse>& path) const {
    path.push_back({access(from)});
    const std::size_t source = leaf_map_->leaf_of(from);
    const std::size_t destination = leaf_map_->leaf_of(to);
    if (sprayed_) {
      append_sprayed(0, source, destination, path);
    } else {
      append_hashed({.tier = 0, .source = source, .destination = destination, .root = 0},
                    mix(mix(mix(from.ordinal) ^ to.ordinal) ^ flow), path);
    }
    path.push_back({ChannelId{access(to).index() + 1}});
  }

  [[nodiscard]] std::vector<TierCount> tiers() const override {
    std::vector<TierCount> counts;
    for (std::size_t tier = 0; tier < plan_.size(); ++tier) {
      counts.push_back({.tier = name_of_tier(tier),
                        .switches = plan_[tier].switches(),
                        .ports = static_cast<int>(plan_[tier].ports),
                        .model = models_[tier],
                        .oversubscription = oversubscription(tier)});
    }
    return counts;
  }

  // One for each root of the smallest block that holds both: what is below follows from it.
  [[nodiscard]] std::size_t path_diversity(const NicPlace& from, const NicPlace& to) const override {
    std::size_t source = leaf_map_->leaf_of(from);
    std::size_t destination = leaf_map_->leaf_of(to);
    std::size_t tier = 0;
    while (source != destination) {
      ++tier;
      source /= plan_[tier].children;
      destination /= plan_[tier].children;
    }
    return plan_[tier].roots;
  }

 private:
  // So many that a path is missed once in a million where one choice in a hundred is alive.
  static constexpr std::uint64_t rehashes = 1400;

  void check_cables(const Platform& platform) const {
    const hardware::ScaleOut& network = platform.scale_out;
    check_reach(platform, "scale_out.medium", network.medium, "leaf_m", network.layout.leaf);
    if (plan_.size() > 1) {
      check_reach(platform, "scale_out.trunk_medium", network.trunk_medium, "spine_m", network.layout.spine);
    }
    if (plan_.size() > 2) {
      check_reach(platform, "scale_out.trunk_medium", network.trunk_medium, "core_m", network.layout.core);
    }
  }
  // One rail's tree has one NIC of every node.
  [[nodiscard]] ChannelId access(const NicPlace& nic) const {
    return ChannelId{first_access_ + 2 * (part_.rail ? nic.node : nic.ordinal)};
  }
  [[nodiscard]] double oversubscription(std::size_t tier) const {
    const std::size_t up = plan_[tier].uplinks;
    return up == 0 ? 0 : static_cast<double>(cables_below(plan_, tier)) / static_cast<double>(up);
  }

  // Devices of one block: all its roots, or one for all of them.
  [[nodiscard]] std::size_t block_devices(std::size_t tier) const { return sprayed_ ? 1 : plan_[tier].roots; }

  [[nodiscard]] std::size_t switch_devices() const {
    std::size_t devices = 0;
    for (std::size_t tier = 0; tier < plan_.size(); ++tier) devices += plan_[tier].blocks * block_devices(tier);
    return devices;
  }
  // Cables, or bundles of them, from a tier to the one above.
  [[nodiscard]] std::size_t trunks(std::size_t tier) const {
    return sprayed_ ? plan_[tier].blocks : plan_[tier].switches() * plan_[tier].uplinks;
  }
  [[nodiscard]] std::size_t trunk_channels() const {
    std::size_t channels = 0;
    for (std::size_t tier = 0; tier + 1 < plan_.size(); ++tier) channels += 2 * trunks(tier);
    return channels;
  }

  void add_switches(Fabric& fabric) {
    for (std::size_t tier = 0; tier < plan_.size(); ++tier) {
      first_switch_.push_back(fabric.devices().size());
      const auto merged = static_cast<std::uint32_t>(plan_[tier].roots / block_devices(tier));
      for (std::size_t i = 0; i < plan_[tier].blocks * block_devices(tier); ++i) {
        fabric.add_device({.kind = kind_of_tier(tier), .count = merged});
      }
    }
  }

  void add_access(const Platform& platform, const NodeLayout& nodes, Fabric& fabric) {
    const hardware::LinkMedium& medium = platform.medium(platform.scale_out.medium);
    const Seconds switch_latency = platform.scale_out.tier_switch(0).latency;
    first_access_ = fabric.channels().size();
    Channel cable{.medium = medium_id(platform, platform.scale_out.medium)};
    nodes.for_each_nic([&](const NicPlace& nic, BytesPerSecond bandwidth) {
      if (part_.rail && nic.index != *part_.rail) return;
      cable.capacity = bandwidth * part_.nic_share * medium.payload_fraction;
      cable.from = nic.device;
      cable.to = DeviceId{first_switch_[0] + leaf_map_->leaf_of(nic)};
      cable.latency = medium.latency + switch_latency;
      fabric.add_channel(cable);
      std::swap(cable.from, cable.to);
      cable.latency = medium.latency;
      fabric.add_channel(cable);
    });
  }

  // Between a tier and the one above. A channel's latency includes the switch it ends at.
  void add_trunks(const Platform& platform, std::size_t tier, Fabric& fabric) {
    const hardware::ScaleOut& network = platform.scale_out;
    const hardware::LinkMedium& medium = platform.medium(network.trunk_medium);
    const std::size_t channels = trunks(tier);
    const std::size_t lanes = plan_[tier].switches() * plan_[tier].uplinks / channels;
    first_trunk_.push_back(fabric.channels().size());
    Channel cable{
        .capacity = cable_rate(platform) * medium.payload_fraction * network.load_balance * static_cast<double>(lanes),
        .medium = medium_id(platform, network.trunk_medium),
        .lanes = static_cast<std::uint32_t>(lanes)};
    for (std::size_t i = 0; i < channels; ++i) {
      const auto [below, above] = trunk_ends(tier, i);
      cable.from = below;
      cable.to = above;
      cable.latency = medium.latency + network.tier_switch(tier + 1).latency;
      fabric.add_channel(cable);
      std::swap(cable.from, cable.to);
      cable.latency = medium.latency + network.tier_switch(tier).latency;
      fabric.add_channel(cable);
    }
  }

  [[nodiscard]] std::pair<DeviceId, DeviceId> trunk_ends(std::size_t tier, std::size_t trunk) const {
    const TreeTier& below = plan_[tier];
    const TreeTier& above = plan_[tier + 1];
    if (sprayed_) {
      return {DeviceId{first_switch_[tier] + trunk}, DeviceId{first_switch_[tier + 1] + trunk / above.children}};
    }
    const std::size_t switch_below = trunk / below.uplinks;
    const std::size_t cable = trunk % below.uplinks;
    const std::size_t block = switch_below / below.roots;
    const std::size_t root = switch_below % below.roots;
    const std::size_t root_above = root * above.spread + cable % above.spread;
    return {DeviceId{first_switch_[tier] + switch_below},
            DeviceId{first_switch_[tier + 1] + block / above.children * above.roots + root_above}};
  }

  // `source` and `destination` are blocks of that tier.
  void append_sprayed(std::size_t tier, std::size_t source, std::size_t destination,
                      std::vector<ChannelUse>& path) const {
    if (source == destination) return;
    path.push_back({ChannelId{first_trunk_[tier] + 2 * source}});
    const std::size_t children = plan_[tier + 1].children;
    append_sprayed(tier + 1, source / children, destination / children, path);
    path.push_back({ChannelId{first_trunk_[tier] + 2 * destination + 1}});
  }

  struct Climb {
    std::size_t tier, source, destination;  // blocks of that tier
    std::size_t root;                       // of the source's block, where the flow is
  };
  void append_hashed(const Climb& at, std::uint64_t hash, std::vector<ChannelUse>& path) const {
    if (at.source == at.destination) return;
    const TreeTier& below = plan_[at.tier];
    const TreeTier& above = plan_[at.tier + 1];
    const std::size_t up = hash % below.uplinks;
    path.push_back({trunk(at.tier, at.source, at.root, up)});
    append_hashed({.tier = at.tier + 1,
                   .source = at.source / above.children,
                   .destination = at.destination / above.children,
                   .root = at.root * above.spread + up % above.spread},
                  mix(hash), path);
    // Up and down the same plane: the root of the destination's block that lies below has the same number. Which of the
    // parallel cables leads down is hashed anew.
    const std::size_t parallel = below.uplinks / above.spread;
    const std::size_t down = up % above.spread + above.spread * (mix(~hash) % parallel);
    path.push_back({ChannelId{trunk(at.tier, at.destination, at.root, down).index() + 1}});
  }
  [[nodiscard]] ChannelId trunk(std::size_t tier, std::size_t block, std::size_t root, std::size_t cable) const {
    return ChannelId{first_trunk_[tier] + 2 * ((block * plan_[tier].roots + root) * plan_[tier].uplinks + cable)};
  }

  std::unique_ptr<LeafMap> leaf_map_;
  std::vector<TreeTier> plan_;
  bool sprayed_;
  TreePart part_;
  std::size_t first_access_ = 0;
  std::vector<std::size_t> first_switch_, first_trunk_;  // by tier
  std::vector<hardware::SwitchSpec> models_;             // by tier
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> make_tree(const Platform& platform, const NodeLayout& nodes,
                                           std::unique_ptr<LeafMap> leaf_map, Fabric& fabric, TreePart part) {
  return std::make_unique<TreeNetwork>(platform, nodes, std::move(leaf_map), fabric, part);
}

}  // namespace aifsim::topology
