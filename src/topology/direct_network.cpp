#include "topology/direct_network.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "topology/node_builder.hpp"
#include "topology/tree_plan.hpp"

namespace aifsim::topology {

using hardware::Platform;

DirectNetwork::DirectNetwork(const Platform& platform, const NodeLayout& nodes)
    : unit_nodes_(static_cast<std::size_t>(std::max(platform.scale_out.unit_nodes, 1))),
      access_switches_((nodes.node_count() + unit_nodes_ - 1) / unit_nodes_),
      sprayed_(platform.scale_out.routing == hardware::RoutingKind::adaptive),
      hashed_(platform.scale_out.routing == hardware::RoutingKind::ecmp) {}

bool DirectNetwork::append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                                std::vector<ChannelUse>& path) const {
  const std::size_t first = path.size();
  const std::size_t source = switch_of_node(from.node);
  const std::size_t destination = switch_of_node(to.node);
  const std::uint64_t hash = mix(mix(mix(from.ordinal) ^ to.ordinal) ^ flow);
  path.push_back({ChannelId{first_access_ + 2 * from.ordinal}});
  if (source != destination) route(source, destination, hash, path);
  path.push_back({ChannelId{first_access_ + 2 * to.ordinal + 1}});
  if (!crosses_dead(path, first)) return true;
  // The usual way is broken: the shortest that is not.
  path.resize(first);
  path.push_back({ChannelId{first_access_ + 2 * from.ordinal}});
  const bool found = sprayed_ ? paths_->append_sprayed(source, destination, path)
                              : paths_->append_hashed(source, destination, hash, path);
  path.push_back({ChannelId{first_access_ + 2 * to.ordinal + 1}});
  if (found && !crosses_dead(path, first)) return true;
  path.resize(first);
  return false;
}

void DirectNetwork::avoid(std::shared_ptr<const DeadChannels> dead) {
  ScaleOutNetwork::avoid(std::move(dead));
  std::vector<GraphEdge> alive;
  for (const GraphEdge& edge : edges_) {
    if (!is_dead(edge.channel)) alive.push_back(edge);
  }
  paths_.emplace(switches_, std::move(alive));
}

std::size_t DirectNetwork::path_diversity(const NicPlace& from, const NicPlace& to) const {
  return paths_->count(switch_of_node(from.node), switch_of_node(to.node));
}

void DirectNetwork::cross(std::size_t from, std::size_t to, double share, std::vector<ChannelUse>& path) const {
  const ChannelId channel = all_->edge(from, to);
  ensure(channel.valid(), "a way leads over cables that there are");
  path.push_back({channel, share});
}

void DirectNetwork::check_ports(const Platform& platform, const NodeLayout& nodes, const std::vector<Joint>& joints,
                                std::size_t switches) const {
  std::vector<std::size_t> used(switches, 0);
  nodes.for_each_nic([&](const NicPlace& nic, BytesPerSecond) { ++used[switch_of_node(nic.node)]; });
  for (const Joint& joint : joints) {
    used[joint.a] += joint.cables;
    used[joint.b] += joint.cables;
  }
  const std::size_t most = *std::max_element(used.begin(), used.end());
  if (most > radix(platform, 0)) {
    reject(platform, "scale_out.switch", "a switch of at least " + std::to_string(most) + " ports",
           platform.scale_out.switches.name + " with " + std::to_string(radix(platform, 0)) + " at the NICs' rate");
  }
}

void DirectNetwork::build(const Platform& platform, const NodeLayout& nodes, const std::vector<DirectTier>& tiers,
                          const std::vector<Joint>& joints, Fabric& fabric) {
  for (const DirectTier& tier : tiers) switches_ += tier.switches;
  check_ports(platform, nodes, joints, switches_);
  const hardware::ScaleOut& network = platform.scale_out;
  check_reach(platform, "scale_out.medium", network.medium, "leaf_m", network.layout.leaf);
  fabric.reserve(switches_, 2 * (nodes.nic_count() + joints.size()));
  first_switch_ = fabric.devices().size();
  for (const DirectTier& tier : tiers) {
    for (std::size_t i = 0; i < tier.switches; ++i) fabric.add_device({.kind = tier.kind});
    tiers_.push_back({.tier = std::string(name_of(tier.kind)),
                      .switches = tier.switches,
                      .ports = static_cast<int>(radix(platform, 0)),
                      .model = network.switches});
  }
  add_access(platform, nodes, fabric);
  add_joints(platform, joints, fabric);
  all_.emplace(switches_, edges_);
  paths_.emplace(switches_, edges_);
}

void DirectNetwork::add_access(const Platform& platform, const NodeLayout& nodes, Fabric& fabric) {
  const hardware::LinkMedium& medium = platform.medium(platform.scale_out.medium);
  first_access_ = fabric.channels().size();
  Channel cable{.medium = medium_id(platform, platform.scale_out.medium)};
  nodes.for_each_nic([&](const NicPlace& nic, BytesPerSecond bandwidth) {
    cable.capacity = bandwidth * medium.payload_fraction;
    cable.from = nic.device;
    cable.to = DeviceId{first_switch_ + switch_of_node(nic.node)};
    cable.latency = medium.latency + platform.scale_out.switches.latency;
    fabric.add_channel(cable);
    std::swap(cable.from, cable.to);
    cable.latency = medium.latency;
    fabric.add_channel(cable);
  });
}

void DirectNetwork::add_joints(const Platform& platform, const std::vector<Joint>& joints, Fabric& fabric) {
  const hardware::ScaleOut& network = platform.scale_out;
  const hardware::LinkMedium& medium = platform.medium(network.trunk_medium);
  for (const Joint& joint : joints) {
    check_reach(platform, "scale_out.trunk_medium", network.trunk_medium,
                joint.metres > network.layout.spine ? "core_m" : "spine_m", joint.metres);
    const auto cables = static_cast<double>(joint.cables);
    const auto [there, back] =
        fabric.add_duplex({.from = DeviceId{first_switch_ + joint.a},
                           .to = DeviceId{first_switch_ + joint.b},
                           .capacity = cable_rate(platform) * medium.payload_fraction * network.load_balance * cables,
                           .latency = medium.latency + network.switches.latency,
                           .medium = medium_id(platform, network.trunk_medium),
                           .lanes = static_cast<std::uint32_t>(joint.cables)});
    edges_.push_back({joint.a, joint.b, there, cables});
    edges_.push_back({joint.b, joint.a, back, cables});
  }
}

}  // namespace aifsim::topology
