#include "training/circuit_schedule.hpp"

#include <array>
#include <string>

#include "collective/circuits.hpp"

namespace aifsim::training {
namespace {

constexpr std::array<const char*, 5> names{"tp", "cp", "dp", "dp replicas", "pp"};

std::string turn_label(Dimension from, Dimension to) {
  return std::string("ocs:turn ") + names[static_cast<std::size_t>(from)] + "→" + names[static_cast<std::size_t>(to)];
}

}  // namespace

bool CircuitSchedule::turns_for(const collective::CollectivePlan& plan) const {
  if (!topology_.circuits || !topology_.circuits->turning) return false;
  const auto [entry, added] = turning_plans_.try_emplace(&plan, false);
  if (added) entry->second = collective::uses_turning_circuits(plan, topology_);
  return entry->second;
}

Tasks CircuitSchedule::turned(const collective::CollectivePlan& plan, const Sender& sender, const Tasks& after) {
  if (!turns_for(plan)) return after;
  Tasks before = after;
  for (const DeviceId gpu : {sender.gpu, sender.peer}) {
    if (!gpu.valid()) continue;
    Nic& nic = nics_[gpu];
    if (!nic.first) nic.first = nic.holder = sender.dimension;  // as the last step left it, see close()
    if (nic.holder != sender.dimension) turn(gpu, nic, sender.dimension, after);
    append(before, nic.ready);
  }
  return before;
}

void CircuitSchedule::used(const collective::CollectivePlan& plan, const Sender& sender, const Tasks& ends) {
  if (!turns_for(plan)) return;
  append(nics_[sender.gpu].users, ends);
  if (sender.peer.valid()) append(nics_[sender.peer].users, ends);
}

void CircuitSchedule::close(const Tasks& end) {
  for (auto& [gpu, nic] : nics_) {
    if (nic.holder != nic.first) turn(gpu, nic, *nic.first, end);
  }
}

void CircuitSchedule::turn(DeviceId gpu, Nic& nic, Dimension next, const Tasks& after) {
  Tasks free = nic.users;
  append(free, nic.ready);
  if (!topology_.circuits->ahead) append(free, after);
  const LabelId label = step_.graph.label(turn_label(*nic.holder, next));
  nic.ready = {step_.graph.delay(topology_.circuits->turning_time, label, free, gpu)};
  nic.users.clear();
  nic.holder = next;
}

}  // namespace aifsim::training
