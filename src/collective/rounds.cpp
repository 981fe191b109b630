#include "collective/rounds.hpp"

#include "collective/protocol_choice.hpp"

namespace aifsim::collective {

bool Round::near(DeviceId a, DeviceId b) const {
  const topology::Routing& routing = *situation_->topology->routing;
  return routing.nvlink_domain(a) == routing.nvlink_domain(b);
}

void Round::send(DeviceId source, DeviceId destination, double bytes) {
  (near(source, destination) ? within_ : across_).send(source, destination, bytes);
}

void Round::receive(DeviceId destination, DeviceId source, double bytes) {
  (near(source, destination) ? within_ : across_).receive(destination, source, bytes);
}

void Round::append_to(CollectivePlan& plan, double times) const {
  if (within_.empty() && across_.empty()) return;
  const Method& method = situation_->architecture->ring;
  Work work{.method = &method, .movements = {}};
  if (!within_.empty()) work.movements.push_back({within_.slowest(), Medium::nvlink});
  if (!across_.empty()) work.movements.push_back({across_.slowest(), Medium::network});
  (across_.empty() ? work.steps : work.hops) = times;
  CollectivePlan round = choose_protocol(plan.algorithm, work, *situation_);
  const bool first = plan.phases.empty();
  plan.alpha += first ? round.alpha : round.alpha - method.launch;  // one kernel does all rounds
  plan.unforeseen += round.unforeseen;
  plan.protocol = round.protocol;
  plan.phases.insert(plan.phases.end(), round.phases.begin(), round.phases.end());
}

}  // namespace aifsim::collective
