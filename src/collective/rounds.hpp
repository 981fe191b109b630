// Exchanges that follow each other: every rank waits for its part of a round before it begins the next.
#pragma once

#include <string_view>

#include "collective/algorithm.hpp"
#include "collective/traffic.hpp"

namespace aifsim::collective {

class Round {
 public:
  explicit Round(const Situation& situation)
      : situation_(&situation), within_(*situation.topology), across_(*situation.topology) {}
  void send(DeviceId source, DeviceId destination, double bytes);
  void receive(DeviceId destination, DeviceId source, double bytes);
  // Adds the round to `plan`; it stands for `times` equal ones.
  void append_to(CollectivePlan& plan, double times) const;

 private:
  [[nodiscard]] bool near(DeviceId a, DeviceId b) const;
  const Situation* situation_;
  Traffic within_, across_;
};

}  // namespace aifsim::collective
