// Rails of optical circuits: each port of a NIC is joined to one port of another NIC of its rail, through an optical
// circuit switch that passes light and no packets. Circuits are a matching of ports, set once for the job: a ring of
// the nodes in their order, and with more ports chords of growing length. What is further away is passed on from NIC to
// NIC; what is on another rail goes over NVLink first.
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "topology/generators.hpp"
#include "topology/node_builder.hpp"
#include "topology/shortest_paths.hpp"
#include "topology/tree_plan.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

class OcsRails final : public ScaleOutNetwork {
 public:
  OcsRails(const Platform& platform, const NodeLayout& nodes, Fabric& fabric)
      : nodes_(nodes.node_count()),
        rails_(nodes.rails()),
        ports_(static_cast<std::size_t>(platform.scale_out.direct.circuits)) {
    check(platform, nodes);
    for (std::size_t i = 0; i < ports_ / 2; ++i) strides_.push_back(stride(i));
    const auto switch_ports = static_cast<std::size_t>(platform.scale_out.switches.ports);
    switches_each_ = (nodes_ * ports_ + switch_ports - 1) / switch_ports;
    tiers_ = {{.tier = "ocs",
               .switches = switches_each_ * rails_,
               .ports = platform.scale_out.switches.ports,
               .model = platform.scale_out.switches}};
    add_devices(platform, nodes, fabric);
    find_ways();
  }

  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t /*flow*/,
                                 std::vector<ChannelUse>& path) const override {
    if (from.index != to.index) return false;
    const std::size_t first = path.size();
    for (std::size_t at = from.node; at != to.node;) {
      const std::size_t port = next_port_[(to.node + nodes_ - at) % nodes_];
      const std::size_t next = neighbour(at, port);
      path.push_back({out(at, from.index, port)});
      path.push_back({ChannelId{out(next, from.index, port ^ 1U).index() + 1}});
      at = next;
    }
    if (!crosses_dead(path, first)) return true;
    path.resize(first);
    return false;
  }
  [[nodiscard]] bool joins_rails_apart() const override { return true; }
  [[nodiscard]] std::vector<TierCount> tiers() const override { return tiers_; }

  // Both ends of the first half's row of nodes: as many circuits of each stride as it is long.
  [[nodiscard]] std::optional<BytesPerSecond> circuit_cut() const override {
    std::size_t circuits = 0;
    for (const std::size_t step : strides_) circuits += 2 * std::min(step, nodes_ / 2);
    return circuit_rate_ * static_cast<double>(circuits * rails_);
  }

 private:
  static void check(const Platform& platform, const NodeLayout& nodes) {
    const hardware::ScaleOut& network = platform.scale_out;
    if (nodes.rails() * nodes.node_count() != nodes.nic_count()) {
      reject(platform, "nodes", "the same number of NICs in every node of optical rails",
             std::to_string(nodes.rails()) + " in some, fewer in others");
    }
    if (network.direct.circuits % 2 != 0) {
      reject(platform, "scale_out.circuits", "an even number: every chord has two ends",
             std::to_string(network.direct.circuits));
    }
    if (network.switches.turning_time == Seconds{}) {
      reject(platform, "scale_out.switch", "an optical circuit switch (one with a `turning_time`)",
             network.switches.name);
    }
    check_reach(platform, "scale_out.medium", network.medium, "leaf_m", 2 * network.layout.leaf);
  }

  // Chords of lengths 1, n^(1/k), n^(2/k) …: the diameter of k strides is about k/2 n^(1/k).
  [[nodiscard]] std::size_t stride(std::size_t i) const {
    const double exponent = static_cast<double>(i) / (static_cast<double>(ports_) / 2);
    return static_cast<std::size_t>(std::llround(std::pow(static_cast<double>(nodes_), exponent)));
  }
  // Port 2 i leads `strides_[i]` nodes up, port 2 i + 1 as many down.
  [[nodiscard]] std::size_t neighbour(std::size_t node, std::size_t port) const {
    const std::size_t step = strides_[port / 2] % nodes_;
    return (node + (port % 2 == 0 ? step : nodes_ - step)) % nodes_;
  }
  [[nodiscard]] ChannelId out(std::size_t node, std::size_t rail, std::size_t port) const {
    return ChannelId{first_channel_ + 2 * ((node * rails_ + rail) * ports_ + port)};
  }

  void add_devices(const Platform& platform, const NodeLayout& nodes, Fabric& fabric) {
    const hardware::LinkMedium& medium = platform.medium(platform.scale_out.medium);
    circuit_rate_ = cable_rate(platform) * medium.payload_fraction * (1 / static_cast<double>(ports_));
    const std::size_t first_switch = fabric.devices().size();
    for (std::size_t rail = 0; rail < rails_; ++rail) {
      fabric.add_device({.kind = DeviceKind::ocs, .count = static_cast<std::uint32_t>(switches_each_)});
    }
    first_channel_ = fabric.channels().size();
    fabric.reserve(0, 2 * ports_ * nodes.nic_count());
    nodes.for_each_nic([&](const NicPlace& nic, BytesPerSecond bandwidth) {
      for (std::size_t port = 0; port < ports_; ++port) {
        // A circuit is two fibres: each has half its latency.
        fabric.add_duplex({.from = nic.device,
                           .to = DeviceId{first_switch + nic.index},
                           .capacity = bandwidth * medium.payload_fraction * (1 / static_cast<double>(ports_)),
                           .latency = medium.latency * 0.5,
                           .medium = medium_id(platform, platform.scale_out.medium)});
      }
    });
  }

  // The ring looks the same from every node: one search tells the first step to any distance.
  void find_ways() {
    std::vector<GraphEdge> edges;
    for (std::size_t node = 0; node < nodes_; ++node) {
      for (std::size_t port = 0; port < ports_; ++port) edges.push_back({node, neighbour(node, port), ChannelId{port}});
    }
    const ShortestPaths paths(nodes_, std::move(edges));
    next_port_.resize(nodes_, 0);
    std::vector<ChannelUse> way;
    for (std::size_t distance = 1; distance < nodes_; ++distance) {
      way.clear();
      ensure(paths.append_hashed(0, distance, mix(distance), way), "a ring reaches every node");
      next_port_[distance] = way.front().channel.index();
    }
  }

  std::size_t nodes_, rails_, ports_;
  std::vector<std::size_t> strides_, next_port_;
  std::size_t switches_each_ = 1, first_channel_ = 0;
  BytesPerSecond circuit_rate_;
  std::vector<TierCount> tiers_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_ocs_rails(const Platform& platform, const NodeLayout& nodes, Fabric& fabric) {
  return std::make_unique<OcsRails>(platform, nodes, fabric);
}

}  // namespace aifsim::topology
