// Rails of optical circuits set once for the job: each port of a NIC is joined to one port of another NIC of its rail,
// through an optical circuit switch that passes light and no packets. The circuits are a matching of ports: a ring of
// the nodes in their order, and with more ports chords of growing length. What is further away is passed on from NIC to
// NIC; what is on another rail goes over NVLink first. A rail whose NIC is dead has its ring closed around it.
#include <algorithm>

#include "topology/circuit_checks.hpp"
#include "topology/circuit_ring.hpp"
#include "topology/generators.hpp"
#include "topology/node_builder.hpp"
#include "topology/ocs_phases.hpp"
#include "topology/tree_plan.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

// A ring of some of the nodes.
struct RailRing {
  static constexpr std::size_t absent = ~std::size_t{0};

  RailRing(std::vector<std::size_t> alive, std::size_t nodes, std::size_t ports)
      : ring(alive.size(), ports), node_at(std::move(alive)), place_of(nodes, absent) {
    for (std::size_t place = 0; place < node_at.size(); ++place) place_of[node_at[place]] = place;
  }

  CircuitRing ring;
  std::vector<std::size_t> node_at, place_of;
};

class OcsRails final : public ScaleOutNetwork {
 public:
  OcsRails(const Platform& platform, const NodeLayout& nodes, Fabric& fabric)
      : nodes_(nodes.node_count()), rails_(nodes.rails()), circuits_(platform.scale_out.circuits) {
    check_circuits(platform, nodes);
    ports_ = static_cast<std::size_t>(circuits_.ports);
    turning_time_ = platform.scale_out.turning_time();
    switches_each_ = circuit_switches(platform, nodes_);
    tiers_ = {{.tier = "ocs",
               .switches = switches_each_ * rails_,
               .ports = platform.scale_out.switches.ports,
               .model = platform.scale_out.switches}};
    add_devices(platform, nodes, fabric);
    std::vector<std::size_t> everyone(nodes_);
    for (std::size_t node = 0; node < nodes_; ++node) everyone[node] = node;
    whole_ = std::make_shared<const RailRing>(std::move(everyone), nodes_, ports_);
    ring_of_rail_.assign(rails_, whole_);
  }

  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t /*flow*/,
                                 std::vector<ChannelUse>& path) const override {
    if (from.index != to.index) return false;
    const RailRing& rail = *ring_of_rail_[from.index];
    const std::size_t end = rail.place_of[to.node];
    if (rail.place_of[from.node] == RailRing::absent || end == RailRing::absent) return false;
    const std::size_t first = path.size();
    for (std::size_t at = rail.place_of[from.node]; at != end;) {
      const std::size_t port = rail.ring.port_towards(at, end);
      const std::size_t next = rail.ring.neighbour(at, port);
      path.push_back({out(rail.node_at[at], from.index, port)});
      path.push_back({ChannelId{out(rail.node_at[next], from.index, port ^ 1U).index() + 1}});
      at = next;
    }
    if (!crosses_dead(path, first)) return true;
    path.resize(first);
    return false;
  }
  [[nodiscard]] bool joins_rails_apart() const override { return true; }
  [[nodiscard]] std::vector<TierCount> tiers() const override { return tiers_; }
  [[nodiscard]] std::optional<Circuits> circuits() const override {
    return Circuits{.ports = ports_, .turning_time = turning_time_, .turning = false, .ahead = false};
  }

  // Both ends of the first half's row of nodes: as many circuits of each stride as it is long.
  [[nodiscard]] std::optional<BytesPerSecond> circuit_cut() const override {
    std::size_t circuits = 0;
    for (const std::size_t step : whole_->ring.strides()) circuits += 2 * std::min(step, nodes_ / 2);
    return circuit_rate_ * static_cast<double>(circuits * rails_);
  }

  void avoid(std::shared_ptr<const DeadChannels> dead) override {
    ScaleOutNetwork::avoid(std::move(dead));
    if (!circuits_.repair) return;
    for (std::size_t rail = 0; rail < rails_; ++rail) ring_of_rail_[rail] = ring_around_the_dead(rail);
  }

 private:
  [[nodiscard]] std::shared_ptr<const RailRing> ring_around_the_dead(std::size_t rail) const {
    std::vector<std::size_t> alive;
    for (std::size_t node = 0; node < nodes_; ++node) {
      if (!any_port_dead(node, rail)) alive.push_back(node);
    }
    // Two are the least that a circuit joins; then the other rails carry all.
    if (alive.size() == nodes_ || alive.size() < 2) return whole_;
    return std::make_shared<const RailRing>(std::move(alive), nodes_, ports_);
  }
  [[nodiscard]] bool any_port_dead(std::size_t node, std::size_t rail) const {
    for (std::size_t port = 0; port < ports_; ++port) {
      const ChannelId up = out(node, rail, port);
      if (is_dead(up) || is_dead(ChannelId{up.index() + 1})) return true;
    }
    return false;
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

  std::size_t nodes_, rails_, ports_ = 2;
  hardware::CircuitSpec circuits_;
  Seconds turning_time_;
  std::size_t switches_each_ = 1, first_channel_ = 0;
  BytesPerSecond circuit_rate_;
  std::vector<TierCount> tiers_;
  std::shared_ptr<const RailRing> whole_;
  std::vector<std::shared_ptr<const RailRing>> ring_of_rail_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_ocs_rails(const Platform& platform, const NodeLayout& nodes, Fabric& fabric) {
  if (platform.scale_out.circuits.policy == hardware::CircuitPolicy::per_phase) {
    return generate_ocs_phases(platform, nodes, fabric);
  }
  return std::make_unique<OcsRails>(platform, nodes, fabric);
}

}  // namespace aifsim::topology
