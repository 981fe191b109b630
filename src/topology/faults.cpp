#include "topology/faults.hpp"

#include <algorithm>

#include "topology/scale_out_network.hpp"

namespace aifsim::topology {
namespace {

class FaultInjector {
 public:
  FaultInjector(const hardware::Platform& platform, Topology& topology) : platform_(platform), topology_(topology) {}

  void apply() {
    for (std::size_t i = 0; i < platform_.faults.size(); ++i) {
      key_ = "faults[" + std::to_string(i) + "].part";
      apply(platform_.faults[i]);
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
      topology_.slow_gpus.emplace_back(part, fault.factor);
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
    if (left > 0) return topology_.fabric.scale_capacity(channel, left);
    dead_.resize(topology_.fabric.channels().size(), false);
    dead_[channel.index()] = true;
  }

  [[nodiscard]] DeviceId find(const std::string& name) const {
    const DeviceId device = topology_.fabric.find(name);
    if (!device.valid()) {
      reject(platform_, key_, "a device or channel of this platform, such as node0/gpu3 or node0/nic1→leaf1",
             '"' + name + '"', "`aifsim topology PLATFORM --format dot` names them all");
    }
    return device;
  }

  const hardware::Platform& platform_;
  Topology& topology_;
  DeadChannels dead_;
  std::string key_;
};

}  // namespace

void apply_faults(const hardware::Platform& platform, Topology& topology) { FaultInjector(platform, topology).apply(); }

}  // namespace aifsim::topology
