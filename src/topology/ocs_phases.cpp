// Rails of optical circuits that are set anew for each phase of communication. The ports of a NIC are one bundle of
// fibres to its rail's switch: in a phase they are shared among the peers that the phase gives it, so that between the
// NIC's bundle and its peers' all of the bandwidth is used. How many peers there may be, and what turning costs, is for
// those who lay down phases (collective/circuits, training/circuit_schedule).
#include "topology/ocs_phases.hpp"

#include "topology/circuit_checks.hpp"
#include "topology/node_builder.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

class OcsPhases final : public ScaleOutNetwork {
 public:
  OcsPhases(const Platform& platform, const NodeLayout& nodes, Fabric& fabric)
      : rails_(nodes.rails()),
        circuits_{.ports = static_cast<std::size_t>(platform.scale_out.circuits.ports),
                  .turning_time = platform.scale_out.turning_time(),
                  .turning = true,
                  .ahead = platform.scale_out.circuits.ahead} {
    check_circuits(platform, nodes);
    const std::size_t each = circuit_switches(platform, nodes.node_count());
    tiers_ = {{.tier = "ocs",
               .switches = each * rails_,
               .ports = platform.scale_out.switches.ports,
               .model = platform.scale_out.switches}};
    const hardware::LinkMedium& medium = platform.medium(platform.scale_out.medium);
    const std::size_t first_switch = fabric.devices().size();
    for (std::size_t rail = 0; rail < rails_; ++rail) {
      fabric.add_device({.kind = DeviceKind::ocs, .count = static_cast<std::uint32_t>(each)});
    }
    first_channel_ = fabric.channels().size();
    fabric.reserve(0, 2 * nodes.nic_count());
    nodes.for_each_nic([&](const NicPlace& nic, BytesPerSecond bandwidth) {
      // A circuit is two fibres: each has half its latency.
      fabric.add_duplex({.from = nic.device,
                         .to = DeviceId{first_switch + nic.index},
                         .capacity = bandwidth * medium.payload_fraction,
                         .latency = medium.latency * 0.5,
                         .medium = medium_id(platform, platform.scale_out.medium),
                         .lanes = static_cast<std::uint32_t>(circuits_.ports)});
    });
  }

  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t /*flow*/,
                                 std::vector<ChannelUse>& path) const override {
    if (from.index != to.index) return false;
    const std::size_t first = path.size();
    path.push_back({out(from)});
    path.push_back({ChannelId{out(to).index() + 1}});
    if (!crosses_dead(path, first)) return true;
    path.resize(first);
    return false;
  }
  [[nodiscard]] bool joins_rails_apart() const override { return true; }
  [[nodiscard]] std::vector<TierCount> tiers() const override { return tiers_; }
  [[nodiscard]] std::optional<Circuits> circuits() const override { return circuits_; }

 private:
  [[nodiscard]] ChannelId out(const NicPlace& nic) const {
    return ChannelId{first_channel_ + 2 * (nic.node * rails_ + nic.index)};
  }

  std::size_t rails_, first_channel_ = 0;
  Circuits circuits_;
  std::vector<TierCount> tiers_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_ocs_phases(const Platform& platform, const NodeLayout& nodes,
                                                     Fabric& fabric) {
  return std::make_unique<OcsPhases>(platform, nodes, fabric);
}

}  // namespace aifsim::topology
