#include "topology/faults.hpp"

#include <algorithm>

#include "config/node.hpp"
#include "topology/circuit_repair.hpp"
#include "topology/scale_out_network.hpp"

namespace aifsim::topology {
namespace {

class FaultInjector {
 public:
  FaultInjector(const hardware::Platform& platform, Topology& topology)
      : platform_(platform), topology_(topology), repairs_(platform, topology.fabric) {}

  void apply(Seconds when) {
    for (std::size_t i = 0; i < platform_.faults.size(); ++i) {
      key_ = "faults[" + std::to_string(i) + "].part";
      in_force_ = platform_.faults[i].in_force(when);
      const std::optional<CircuitRepair> repaired =
          in_force_ ? repairs_.repair(platform_.faults[i]) : std::optional<CircuitRepair>();
      if (repaired) topology_.notes.push_back(repaired->note);
      if (!repaired || !repaired->spare_port) apply(platform_.faults[i]);
    }
    std::sort(topology_.slow_gpus.begin(), topology_.slow_gpus.end());
    if (!dead_.empty()) topology_.dead_channels = std::make_shared<const DeadChannels>(std::move(dead_));
  }

 private:
  void apply(const hardware::Fault& fault) {
    for (const std::string_view arrow : {"→", "->"}) {
      const std::size_t at = fault.part.find(arrow);
      if (at == std::string::npos) continue;
      return apply_to_cable(fault, find(fault.part.substr(0, at)), find(fault.part.substr(at + arrow.size())));
    }
    const DeviceId part = find(fault.part);
    const Device& device = topology_.fabric.device(part);
    if (device.kind == DeviceKind::gpu && fault.factor > 0) {
      if (in_force_) topology_.slow_gpus.emplace_back(part, fault.factor);
      return;
    }
    const double left = left_of(fault, device.count);
    for (std::size_t i = 0; i < topology_.fabric.channels().size(); ++i) {
      const Channel& channel = topology_.fabric.channels()[i];
      if (channel.from == part || channel.to == part) weaken(ChannelId{i}, left);
    }
  }

  // Both directions: a cable is one part.
  void apply_to_cable(const hardware::Fault& fault, DeviceId a, DeviceId b) {
    bool any = false;
    for (std::size_t i = 0; i < topology_.fabric.channels().size(); ++i) {
      const Channel& channel = topology_.fabric.channels()[i];
      if (!(channel.from == a && channel.to == b) && !(channel.from == b && channel.to == a)) continue;
      weaken(ChannelId{i}, left_of(fault, channel.lanes));
      any = true;
    }
    if (!any) reject(platform_, key_, "a channel that there is", '"' + fault.part + '"');
  }

  // What is left of `parts` merged ones.
  [[nodiscard]] double left_of(const hardware::Fault& fault, std::size_t parts) const {
    const auto count = static_cast<std::size_t>(fault.count);
    if (count > parts) {
      reject(platform_, key_, "a count of at most " + std::to_string(parts) + " for " + fault.part,
             std::to_string(count));
    }
    const double hit = count == 0 ? 1 : static_cast<double>(count) / static_cast<double>(parts);
    return 1 - hit * (1 - fault.factor);
  }

  void weaken(ChannelId channel, double left) {
    if (!in_force_) return;
    if (left > 0) return topology_.fabric.scale_capacity(channel, left);
    dead_.resize(topology_.fabric.channels().size(), false);
    dead_[channel.index()] = true;
  }

  [[nodiscard]] DeviceId find(const std::string& name) const {
    const DeviceId device = topology_.fabric.find(name);
    if (!device.valid()) {
      const auto near = nearest(name);
      reject(platform_, key_, "a device or channel of this platform, such as node0/gpu3 or node0/nic1→leaf1",
             '"' + name + '"',
             near ? "did you mean `" + *near + "`?" : "`aifsim topology PLATFORM --format dot` names them all");
    }
    return device;
  }

  // Of a hundred thousand devices: the first nodes and all switches are among them.
  [[nodiscard]] std::optional<std::string> nearest(const std::string& name) const {
    constexpr std::size_t most = 50'000;
    const Fabric& fabric = topology_.fabric;
    const std::size_t devices = fabric.devices().size();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < devices; ++i) {
      if (i < most || i + most >= devices) names.push_back(fabric.name(DeviceId{i}));
    }
    return config::nearest(name, names);
  }

  const hardware::Platform& platform_;
  Topology& topology_;
  CircuitRepairs repairs_;
  DeadChannels dead_;
  std::string key_;
  bool in_force_ = true;
};

}  // namespace

void apply_faults(const hardware::Platform& platform, Topology& topology, Seconds when) {
  FaultInjector(platform, topology).apply(when);
}

}  // namespace aifsim::topology
