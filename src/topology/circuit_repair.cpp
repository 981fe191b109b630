#include "topology/circuit_repair.hpp"

#include <cmath>
#include <string_view>
#include <utility>

#include "topology/circuit_checks.hpp"

namespace aifsim::topology {
namespace {

using hardware::CircuitPolicy;

// The ends of a cable as a fault names it; nothing for a device.
std::optional<std::pair<std::string, std::string>> ends_of(const std::string& part) {
  for (const std::string_view arrow : {"→", "->"}) {
    const std::size_t at = part.find(arrow);
    if (at != std::string::npos) return std::pair{part.substr(0, at), part.substr(at + arrow.size())};
  }
  return std::nullopt;
}

std::string milliseconds(Seconds time) {
  const auto hundredths = static_cast<long>(std::lround(time.in(units::ms)*100));
  std::string text = std::to_string(hundredths / 100);
  if (hundredths % 100 != 0) text += (hundredths % 100 < 10 ? ".0" : ".") + std::to_string(hundredths % 100);
  return text + " ms";
}

}  // namespace

std::optional<CircuitRepair> CircuitRepairs::repair(const hardware::Fault& fault) {
  const hardware::ScaleOut& network = platform_.scale_out;
  if (network.kind != hardware::ScaleOutKind::ocs_rails || !network.circuits.repair || fault.factor > 0) {
    return std::nullopt;
  }
  if (const auto ends = ends_of(fault.part)) {
    DeviceId nic = fabric_.find(ends->first);
    DeviceId ocs = fabric_.find(ends->second);
    if (!nic.valid() || !ocs.valid()) return std::nullopt;
    if (fabric_.device(nic).kind == DeviceKind::ocs) std::swap(nic, ocs);
    if (fabric_.device(nic).kind != DeviceKind::nic || fabric_.device(ocs).kind != DeviceKind::ocs) return std::nullopt;
    const bool counted = network.circuits.policy == CircuitPolicy::per_phase && fault.count > 0;
    if (counted && fault.count > network.circuits.ports) return std::nullopt;  // a mistake that faults.cpp names
    return move_to_spares(nic, ocs, static_cast<std::size_t>(counted ? fault.count : network.circuits.ports));
  }
  const DeviceId part = fabric_.find(fault.part);
  if (!part.valid() || fabric_.device(part).kind != DeviceKind::nic || fault.count > 1) return std::nullopt;
  const Seconds outage = network.fault_detection;
  return CircuitRepair{.spare_port = false,
                       .outage = outage,
                       .note = "repair: the circuits of its rail are closed around the dead " + fault.part + " (" +
                               milliseconds(outage) + " for detection and turning)"};
}

std::optional<CircuitRepair> CircuitRepairs::move_to_spares(DeviceId nic, DeviceId ocs, std::size_t circuits) {
  std::size_t& taken = taken_[ocs];
  if (taken + circuits > spare_ports()) return std::nullopt;
  taken += circuits;
  const hardware::ScaleOut& network = platform_.scale_out;
  const Seconds outage = network.fault_detection;
  return CircuitRepair{
      .spare_port = true,
      .outage = outage,
      .note = "repair: " + std::to_string(circuits) + " dead " + (circuits == 1 ? "circuit of " : "circuits of ") +
              fabric_.name(nic) + " on spare ports of " + fabric_.name(ocs) + " (" + milliseconds(outage) +
              " for detection and turning; " + std::to_string(spare_ports() - taken) + " spare ports left)"};
}

std::size_t CircuitRepairs::spare_ports() const {
  std::size_t nics = 0;
  std::size_t rails = 0;
  for (const Device& device : fabric_.devices()) {
    if (device.kind == DeviceKind::nic) ++nics;
    if (device.kind == DeviceKind::ocs) ++rails;
  }
  const std::size_t nodes = nics / rails;
  const auto ports = static_cast<std::size_t>(platform_.scale_out.switches.ports);
  return circuit_switches(platform_, nodes) * ports -
         nodes * static_cast<std::size_t>(platform_.scale_out.circuits.ports);
}

}  // namespace aifsim::topology
