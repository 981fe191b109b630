// Any network, cable by cable. NICs with a single cable follow their switch; what has more is a place to pass through.
#include <algorithm>
#include <charconv>
#include <map>

#include "topology/generators.hpp"
#include "topology/node_builder.hpp"
#include "topology/shortest_paths.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

// One end of a cable: a switch, or a NIC by its ordinal.
struct End {
  bool nic = false;
  std::size_t index = 0;
};

class EdgeReader {
 public:
  EdgeReader(const Platform& platform, const NodeLayout& nodes) : platform_(platform) {
    nodes.for_each_nic([this](const NicPlace& nic, BytesPerSecond bandwidth) {
      if (nic.node == nics_of_node_.size()) nics_of_node_.push_back(nics_.size());
      nics_.push_back(nic);
      bandwidths_.push_back(bandwidth);
    });
    for (std::size_t i = 0; i < platform.scale_out.switches_by_name.size(); ++i) {
      const std::string& name = platform.scale_out.switches_by_name[i].name;
      if (!switches_.emplace(name, i).second) reject(platform, "scale_out.switches", "each name once", name + " twice");
    }
  }

  [[nodiscard]] const std::vector<NicPlace>& nics() const { return nics_; }
  [[nodiscard]] BytesPerSecond rate(End end) const {
    return end.nic ? bandwidths_[end.index] : platform_.scale_out.switches_by_name[end.index].type.port_bandwidth;
  }

  [[nodiscard]] std::vector<End> ends(const std::string& text, const std::string& key) const {
    if (const auto known = switches_.find(text); known != switches_.end()) return {{false, known->second}};
    const std::string expected = "a switch's name, or node3, node3/nic1, node0-31, node0-31/nic1";
    std::size_t first = 0, last = 0, rail = all_rails;
    const char* at = text.data();
    const char* end = at + text.size();
    const auto word = [&](std::string_view what) {
      const bool is = std::string_view(at, static_cast<std::size_t>(end - at)).starts_with(what);
      if (is) at += what.size();
      return is;
    };
    const auto number = [&](std::size_t& value) {
      const auto [stop, error] = std::from_chars(at, end, value);
      at = stop;
      return error == std::errc{};
    };
    bool good = word("node") && number(first);
    last = first;
    if (good && word("-")) good = number(last);
    if (good && word("/nic")) good = number(rail);
    if (!good || at != end) reject(platform_, key, expected, '"' + text + '"');
    if (last < first || last >= nics_of_node_.size()) {
      reject(platform_, key, "nodes up to node" + std::to_string(nics_of_node_.size() - 1), '"' + text + '"');
    }
    return nics_between(first, last, rail, text, key);
  }

 private:
  static constexpr std::size_t all_rails = ~std::size_t{0};

  [[nodiscard]] std::vector<End> nics_between(std::size_t first, std::size_t last, std::size_t rail,
                                              const std::string& text, const std::string& key) const {
    std::vector<End> list;
    for (std::size_t i = nics_of_node_[first]; i < nics_.size() && nics_[i].node <= last; ++i) {
      if (rail == all_rails || nics_[i].index == rail) list.push_back({true, i});
    }
    if (list.empty()) reject(platform_, key, "a NIC that there is", '"' + text + '"');
    return list;
  }

  const Platform& platform_;
  std::vector<NicPlace> nics_;
  std::vector<BytesPerSecond> bandwidths_;
  std::vector<std::size_t> nics_of_node_;
  std::map<std::string, std::size_t> switches_;
};

class EdgeList final : public ScaleOutNetwork {
 public:
  EdgeList(const Platform& platform, const NodeLayout& nodes, Fabric& fabric)
      : sprayed_(platform.scale_out.routing == hardware::RoutingKind::adaptive) {
    const EdgeReader reader(platform, nodes);
    switches_ = platform.scale_out.switches_by_name.size();
    first_switch_ = fabric.devices().size();
    for (std::size_t i = 0; i < switches_; ++i) fabric.add_device({.kind = DeviceKind::leaf});
    used_ports_.resize(switches_);
    for (std::size_t i = 0; i < platform.scale_out.edges.size(); ++i) add(platform, reader, i, fabric);
    check_ports(platform);
    find_stubs(reader.nics().size());
    paths_ = std::make_unique<ShortestPaths>(switches_ + reader.nics().size(), alive());
    count_switches(platform);
  }

  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                                 std::vector<ChannelUse>& path) const override {
    const std::size_t first = path.size();
    const Stub& source = stubs_[from.ordinal];
    const Stub& destination = stubs_[to.ordinal];
    if (source.up.valid()) path.push_back({source.up});
    const bool found = sprayed_ ? paths_->append_sprayed(source.vertex, destination.vertex, path)
                                : paths_->append_hashed(source.vertex, destination.vertex,
                                                        mix(mix(mix(from.ordinal) ^ to.ordinal) ^ flow), path);
    if (destination.down.valid()) path.push_back({destination.down});
    if (found && !crosses_dead(path, first)) return true;
    path.resize(first);
    return false;
  }
  void avoid(std::shared_ptr<const DeadChannels> dead) override {
    ScaleOutNetwork::avoid(std::move(dead));
    *paths_ = ShortestPaths(switches_ + stubs_.size(), alive());
  }
  [[nodiscard]] std::vector<TierCount> tiers() const override { return tiers_; }
  [[nodiscard]] std::size_t path_diversity(const NicPlace& from, const NicPlace& to) const override {
    return paths_->count(stubs_[from.ordinal].vertex, stubs_[to.ordinal].vertex);
  }

 private:
  // Where a NIC's traffic enters the graph: at its switch, or at the NIC itself where it has several cables.
  struct Stub {
    std::size_t vertex = 0;
    ChannelId up, down;
  };

  [[nodiscard]] std::size_t vertex_of(End end) const { return end.nic ? switches_ + end.index : end.index; }

  void add(const Platform& platform, const EdgeReader& reader, std::size_t index, Fabric& fabric) {
    const hardware::EdgeSpec& edge = platform.scale_out.edges[index];
    const std::string key = "scale_out.edges[" + std::to_string(index) + "]";
    const std::vector<End> from = reader.ends(edge.from, key + ".from");
    const std::vector<End> to = reader.ends(edge.to, key + ".to");
    if (from.size() != to.size() && from.size() != 1 && to.size() != 1) {
      reject(platform, key, "one end, or as many ends on both sides",
             std::to_string(from.size()) + " and " + std::to_string(to.size()));
    }
    for (std::size_t i = 0; i < std::max(from.size(), to.size()); ++i) {
      add_cable(platform, reader, edge, {from[from.size() == 1 ? 0 : i], to[to.size() == 1 ? 0 : i]}, fabric);
    }
  }

  void add_cable(const Platform& platform, const EdgeReader& reader, const hardware::EdgeSpec& edge,
                 std::pair<End, End> ends, Fabric& fabric) {
    const hardware::ScaleOut& network = platform.scale_out;
    const bool trunk = !ends.first.nic && !ends.second.nic;
    const std::string& name = !edge.medium.empty() ? edge.medium : trunk ? network.trunk_medium : network.medium;
    check_reach(platform, "scale_out.edges", name, trunk ? "spine_m" : "leaf_m",
                trunk ? network.layout.spine : network.layout.leaf);
    const hardware::LinkMedium& medium = platform.medium(name);
    const auto cables = static_cast<double>(edge.links);
    const BytesPerSecond rate = std::min(reader.rate(ends.first), reader.rate(ends.second));
    const auto device = [&](End end) {
      return end.nic ? reader.nics()[end.index].device : DeviceId{first_switch_ + end.index};
    };
    const auto arrival = [&](End end) {
      return end.nic ? Seconds{} : network.switches_by_name[end.index].type.latency;
    };
    Channel cable{.from = device(ends.first),
                  .to = device(ends.second),
                  .capacity = rate * medium.payload_fraction * (trunk ? network.load_balance * cables : cables),
                  .latency = medium.latency + arrival(ends.second),
                  .medium = medium_id(platform, name),
                  .lanes = static_cast<std::uint32_t>(edge.links)};
    const ChannelId there = fabric.add_channel(cable);
    std::swap(cable.from, cable.to);
    cable.latency = medium.latency + arrival(ends.first);
    const ChannelId back = fabric.add_channel(cable);
    edges_.push_back({vertex_of(ends.first), vertex_of(ends.second), there, cables});
    edges_.push_back({vertex_of(ends.second), vertex_of(ends.first), back, cables});
    for (const End end : {ends.first, ends.second}) {
      if (!end.nic) used_ports_[end.index] += static_cast<std::size_t>(edge.links);
    }
  }

  void check_ports(const Platform& platform) const {
    for (std::size_t i = 0; i < switches_; ++i) {
      const hardware::NamedSwitch& named = platform.scale_out.switches_by_name[i];
      if (used_ports_[i] <= static_cast<std::size_t>(named.type.ports)) continue;
      reject(platform, "scale_out.switches[" + std::to_string(i) + "]",
             "at most " + std::to_string(named.type.ports) + " cables at " + named.name,
             std::to_string(used_ports_[i]));
    }
  }

  void find_stubs(std::size_t nics) {
    stubs_.resize(nics);
    std::vector<std::size_t> cables(nics, 0);
    for (const GraphEdge& edge : edges_) {
      if (edge.from >= switches_) ++cables[edge.from - switches_];
    }
    for (std::size_t nic = 0; nic < nics; ++nic) stubs_[nic].vertex = switches_ + nic;
    // Every cable is two edges, one after the other.
    for (std::size_t i = 0; i < edges_.size(); ++i) {
      const GraphEdge& edge = edges_[i];
      if (edge.from < switches_ || edge.to >= switches_ || cables[edge.from - switches_] != 1) continue;
      stubs_[edge.from - switches_] = {.vertex = edge.to, .up = edge.channel, .down = edges_[i ^ 1U].channel};
    }
  }

  [[nodiscard]] std::vector<GraphEdge> alive() const {
    std::vector<GraphEdge> list;
    for (const GraphEdge& edge : edges_) {
      if (!is_dead(edge.channel)) list.push_back(edge);
    }
    return list;
  }

  void count_switches(const Platform& platform) {
    for (const hardware::NamedSwitch& named : platform.scale_out.switches_by_name) {
      const auto known = std::find_if(tiers_.begin(), tiers_.end(),
                                      [&](const TierCount& tier) { return tier.model.name == named.type.name; });
      if (known == tiers_.end()) {
        tiers_.push_back({.tier = "leaf", .switches = 1, .ports = named.type.ports, .model = named.type});
      } else {
        ++known->switches;
      }
    }
  }

  bool sprayed_;
  std::size_t switches_ = 0, first_switch_ = 0;
  std::vector<std::size_t> used_ports_;
  std::vector<GraphEdge> edges_;
  std::vector<Stub> stubs_;
  std::unique_ptr<ShortestPaths> paths_;
  std::vector<TierCount> tiers_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_edge_list(const Platform& platform, const NodeLayout& nodes, Fabric& fabric) {
  return std::make_unique<EdgeList>(platform, nodes, fabric);
}

}  // namespace aifsim::topology
