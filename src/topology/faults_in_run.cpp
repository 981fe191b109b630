// Faults that come and go while a job runs.
#include <algorithm>
#include <array>
#include <set>

#include "base/error.hpp"
#include "topology/faults.hpp"

namespace aifsim::topology {
namespace {

// The NICs that a path leaves and arrives by; invalid inside a node.
struct Doors {
  DeviceId out, in;
  bool operator==(const Doors&) const = default;
};

Doors doors_of(const Fabric& fabric, std::span<const ChannelUse> path) {
  const auto is_nic = [&](DeviceId id) { return fabric.device(id).kind == DeviceKind::nic; };
  Doors doors;
  for (const ChannelUse& use : path) {
    const Channel& channel = fabric.channel(use.channel);
    if (!doors.out.valid() && is_nic(channel.to)) doors.out = channel.to;
    if (is_nic(channel.from)) doors.in = channel.from;
  }
  return doors;
}

// Over NVLink to the NIC of another GPU.
bool forwards(const hardware::ScaleOut& network) {
  return network.routing == hardware::RoutingKind::rail_aligned ||
         (network.kind == hardware::ScaleOutKind::ocs_rails && network.circuits.repair);
}

// The routing over what is alive, as far as a running job can follow it.
class RoutingInRun final : public Routing {
 public:
  RoutingInRun(const hardware::Platform& platform, const Topology& start, std::unique_ptr<Routing> now)
      : file_(platform.file), changes_nics_(forwards(platform.scale_out)), start_(start), now_(std::move(now)) {}

  void append_path(DeviceId source, DeviceId destination, std::uint64_t flow,
                   std::vector<ChannelUse>& path) const override {
    const std::size_t first = path.size();
    now_->append_path(source, destination, flow, path);
    std::vector<ChannelUse> before;
    start_.routing->append_path(source, destination, flow, before);
    const Doors old_doors = doors_of(start_.fabric, before);
    const Doors doors = doors_of(start_.fabric, std::span(path).subspan(first));
    if (doors == old_doors || (changes_nics_ && old_doors.out.valid())) return;
    path.resize(first);
    refuse(source, destination, old_doors);
  }

  [[nodiscard]] ChannelId nvlink_up(DeviceId gpu) const override { return now_->nvlink_up(gpu); }
  [[nodiscard]] ChannelId nvlink_down(DeviceId gpu) const override { return now_->nvlink_down(gpu); }
  [[nodiscard]] std::uint32_t nvlink_domain(DeviceId gpu) const override { return now_->nvlink_domain(gpu); }
  [[nodiscard]] DeviceId nic_of(DeviceId gpu) const override { return now_->nic_of(gpu); }
  [[nodiscard]] std::size_t path_diversity(DeviceId source, DeviceId destination) const override {
    return now_->path_diversity(source, destination);
  }
  [[nodiscard]] bool in_first_half(DeviceId gpu) const override { return now_->in_first_half(gpu); }
  [[nodiscard]] std::optional<BytesPerSecond> circuit_cut() const override { return now_->circuit_cut(); }

 private:
  [[noreturn]] void refuse(DeviceId source, DeviceId destination, Doors doors) const {
    const Fabric& fabric = start_.fabric;
    const std::string link =
        doors.out.valid() ? fabric.name(doors.out) + " and " + fabric.name(doors.in) : std::string("NVLink");
    throw ConfigError(Problem{.file = file_,
                              .key = "faults",
                              .expected = "a path for the connection of " + fabric.name(source) + " and " +
                                          fabric.name(destination) + " over " + link,
                              .got = "none that is alive",
                              .hint = {}});
  }

  std::string file_;
  bool changes_nics_;
  const Topology& start_;
  std::unique_ptr<Routing> now_;
};

// By device: a NIC has a cable, and a way to its host.
struct NicSides {
  std::vector<bool> cable, host;
};

NicSides sides_of(const Topology& topology) {
  const Fabric& fabric = topology.fabric;
  NicSides sides{std::vector<bool>(fabric.devices().size()), std::vector<bool>(fabric.devices().size())};
  for (std::size_t i = 0; i < fabric.channels().size(); ++i) {
    const Channel& channel = fabric.channels()[i];
    if (fabric.device(channel.from).kind != DeviceKind::nic || !topology.alive(ChannelId{i})) continue;
    const bool inside = fabric.device(channel.to).node == fabric.device(channel.from).node;
    (inside ? sides.host : sides.cable)[channel.from.index()] = true;
  }
  return sides;
}

bool cuts_nics_off(const Topology& before, const Topology& now) {
  const NicSides had = sides_of(before);
  const NicSides has = sides_of(now);
  for (std::size_t i = 0; i < had.cable.size(); ++i) {
    if ((had.cable[i] && !has.cable[i]) || (had.host[i] && !has.host[i])) return true;
  }
  return false;
}

std::vector<ChannelId> newly_dead(const Topology& before, const Topology& now) {
  std::vector<ChannelId> list;
  for (std::size_t i = 0; i < now.fabric.channels().size(); ++i) {
    if (before.alive(ChannelId{i}) && !now.alive(ChannelId{i})) list.push_back(ChannelId{i});
  }
  return list;
}

std::set<Seconds> instants_of(const hardware::Platform& platform) {
  std::set<Seconds> instants;
  for (const hardware::Fault& fault : platform.faults) {
    if (fault.at > Seconds{}) instants.insert(fault.at);
    if (fault.until != hardware::Fault::never) instants.insert(fault.until);
  }
  return instants;
}

}  // namespace

std::vector<NetworkChange> changes_in_run(const hardware::Platform& platform, const Topology& start) {
  const std::set<Seconds> instants = instants_of(platform);
  if (instants.empty()) return {};
  // Optical switches lead circuits around what is dead, but only after a while: until then the network is as without
  // repair.
  hardware::Platform unrepaired = platform;
  unrepaired.scale_out.circuits.repair = false;
  const bool repairs =
      platform.scale_out.kind == hardware::ScaleOutKind::ocs_rails && platform.scale_out.circuits.repair;
  Topology before = build(unrepaired);
  std::vector<NetworkChange> changes;
  for (const Seconds at : instants) {
    NetworkChange change;
    change.at = at;
    change.topology = build(platform, at);
    for (std::size_t i = 0; i < platform.faults.size(); ++i) {
      if (platform.faults[i].at == at) change.struck.push_back(i);
      if (platform.faults[i].until == at) change.repaired.push_back(i);
    }
    Topology now = build(unrepaired, at);
    change.died = newly_dead(before, now);
    const Topology& last = changes.empty() ? start : changes.back().topology;
    change.cuts_nics_off = repairs ? cuts_nics_off(last, change.topology) : cuts_nics_off(before, now);
    before = std::move(now);
    change.topology.routing = std::make_unique<RoutingInRun>(platform, start, std::move(change.topology.routing));
    changes.push_back(std::move(change));
  }
  return changes;
}

std::string_view name_of(hardware::RoutingKind routing) {
  constexpr std::array<std::string_view, 5> names{"adaptive", "ecmp", "dimension-order", "rail-aligned",
                                                  "static-circuits"};
  return names[static_cast<std::size_t>(routing)];
}

}  // namespace aifsim::topology
