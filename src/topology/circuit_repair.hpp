// What optical circuit switches do about dead parts: circuits are light, and can be led around them.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "topology/fabric.hpp"

namespace aifsim::topology {

struct CircuitRepair {
  bool spare_port =
      false;         // the circuits lie on spare ports now: all is as before. Else the rail does without the NIC.
  Seconds outage;    // until it is so: seen, and turned
  std::string note;  // for the report
};

// Hands out the spare ports of each rail's switches, in the order of asking.
class CircuitRepairs {
 public:
  CircuitRepairs(const hardware::Platform& platform, const Fabric& fabric) : platform_(platform), fabric_(fabric) {}
  // Nothing: not a part of optical rails, not dead, or no repair (`repair: false`, no port left). A cable
  // "node3/nic0→ocs0" takes as many spare ports as it had circuits (`count` of them where one may be counted). Around
  // a NIC "node3/nic0" its rail is closed.
  [[nodiscard]] std::optional<CircuitRepair> repair(const hardware::Fault& fault);

 private:
  [[nodiscard]] std::optional<CircuitRepair> move_to_spares(DeviceId nic, DeviceId ocs, std::size_t circuits);
  [[nodiscard]] std::size_t spare_ports() const;  // of one rail, in the beginning

  const hardware::Platform& platform_;
  const Fabric& fabric_;
  std::map<DeviceId, std::size_t> taken_;
};

}  // namespace aifsim::topology
