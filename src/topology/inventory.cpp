#include <algorithm>
#include <array>
#include <map>

#include "topology/summary.hpp"

namespace aifsim::topology {
namespace {

using hardware::LinkMedium;
using hardware::Platform;

bool is_switch(DeviceKind kind) { return kind >= DeviceKind::leaf && kind <= DeviceKind::ocs; }

// The tier of a cable is that of its upper end.
DeviceKind upper_end(const Fabric& fabric, const Channel& channel) {
  return std::max(fabric.device(channel.from).kind, fabric.device(channel.to).kind);
}

std::string tier_of(const Fabric& fabric, const Channel& channel) {
  const DeviceKind upper = upper_end(fabric, channel);
  if (is_switch(upper) || upper == DeviceKind::nvswitch) return std::string(name_of(upper));
  const bool mesh =
      fabric.device(channel.from).kind == DeviceKind::gpu && fabric.device(channel.to).kind == DeviceKind::gpu;
  return mesh ? "nvlink" : "host";
}

double metres_of(const Platform& platform, const Fabric& fabric, const Channel& channel) {
  const hardware::CableLengths& layout = platform.scale_out.layout;
  const DeviceKind lower = std::min(fabric.device(channel.from).kind, fabric.device(channel.to).kind);
  switch (upper_end(fabric, channel)) {
    case DeviceKind::leaf: return lower == DeviceKind::leaf ? layout.spine : layout.leaf;
    case DeviceKind::spine: return lower == DeviceKind::spine ? layout.core : layout.spine;
    case DeviceKind::core: return layout.core;
    case DeviceKind::ocs: return layout.leaf;
    default: return 0;
  }
}

class Bill {
 public:
  Bill(const Platform& platform, const Topology& topology) : platform_(platform), topology_(topology) {}

  Inventory take() {
    count_devices();
    count_switches();
    count_cables();
    bill_.storage = count_storage(platform_);
    return std::move(bill_);
  }

 private:
  void count_devices() {
    std::array<std::size_t, device_kinds> counts{};
    for (const Device& device : topology_.fabric.devices())
      counts[static_cast<std::size_t>(device.kind)] += device.count;
    for (std::size_t kind = 0; kind < counts.size(); ++kind) {
      if (counts[kind] > 0) bill_.devices.emplace_back(name_of(static_cast<DeviceKind>(kind)), counts[kind]);
    }
  }

  // NVLink switches come with the node, in its price and power.
  void count_switches() {
    for (const hardware::NodeGroup& group : platform_.groups) {
      if (group.type->nvswitches == 0) continue;
      bill_.switches.push_back(
          {.tier = "nvswitch",
           .name = group.type->name,
           .count = static_cast<std::size_t>(group.count) * static_cast<std::size_t>(group.type->nvswitches)});
    }
    for (const TierCount& tier : topology_.tiers) {
      const hardware::SwitchSpec& model = tier.model;
      bill_.switches.push_back({.tier = tier.tier, .name = model.name, .count = tier.switches, .ports = tier.ports});
      const auto count = static_cast<double>(tier.switches);
      bill_.power += model.power * count;
      bill_.capex += model.price * count;
      if (model.power == Watts{}) miss("power of " + model.name);
      if (model.price == Usd{}) miss("price of " + model.name);
    }
  }

  void count_cables() {
    using Key = std::tuple<std::string, std::size_t, double, bool>;
    std::map<Key, double> lanes;
    const Fabric& fabric = topology_.fabric;
    for (const Channel& channel : fabric.channels()) {
      const DeviceKind upper = upper_end(fabric, channel);
      // Keys are made once for each kind of cable, not once for each of its millions.
      const std::array<std::size_t, 4> kind{static_cast<std::size_t>(upper), channel.medium.index(),
                                            static_cast<std::size_t>(fabric.device(channel.from).kind),
                                            static_cast<std::size_t>(fabric.device(channel.to).kind)};
      kinds_[kind].first = &channel;
      kinds_[kind].second += channel.lanes;
    }
    for (const auto& [kind, channels] : kinds_) {
      const Channel& one = *channels.first;
      const bool half = upper_end(fabric, one) == DeviceKind::ocs;
      lanes[{tier_of(fabric, one), one.medium.index(), metres_of(platform_, fabric, one), half}] +=
          static_cast<double>(channels.second);
    }
    for (const auto& [key, directed] : lanes) {
      const auto& [tier, medium, metres, half] = key;
      add_cables(tier, fabric.media()[medium], directed / 2, metres, half);
    }
  }

  // A fibre to an optical circuit switch is half of a link.
  void add_cables(const std::string& tier, const LinkMedium& medium, double cables, double metres, bool half) {
    bill_.cables.push_back(
        {.tier = tier, .medium = medium.name, .count = static_cast<std::size_t>(cables + 0.5), .metres = metres});
    if (metres <= 0) return;  // inside a node or rack: in its price and power
    const double links = half ? cables / 2 : cables;
    bill_.transceivers += medium.transceivers * links;
    bill_.lasers += medium.lasers * links;
    bill_.power += medium.power_per_end * (2 * links);
    bill_.capex += medium.price * links;
    if (medium.price == Usd{}) miss("price of " + medium.name);
    if (medium.mtbf == Seconds{}) return miss("failure rate of " + medium.name);
    bill_.link_failures_per_day += links * (24 * units::hour / medium.mtbf);
  }

  void miss(std::string what) {
    const auto known = std::find(bill_.unknown.begin(), bill_.unknown.end(), what);
    if (known == bill_.unknown.end()) bill_.unknown.push_back(std::move(what));
  }

  const Platform& platform_;
  const Topology& topology_;
  Inventory bill_;
  std::map<std::array<std::size_t, 4>, std::pair<const Channel*, std::size_t>> kinds_;
};

}  // namespace

Inventory take_inventory(const Platform& platform, const Topology& topology) { return Bill(platform, topology).take(); }

}  // namespace aifsim::topology
