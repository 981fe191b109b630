// Point to point: a pair is one message from its first to its second rank; a larger group is one step of a ring in rank
// order, each rank to the next.
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) { return situation.operation() == Operation::send_receive; }

CollectivePlan plan_send_receive(const Situation& situation) {
  Traffic within(*situation.topology);
  Traffic across(*situation.topology);
  const topology::Routing& routing = *situation.topology->routing;
  for (const auto& group : situation.request->groups) {
    const std::size_t senders = group.size() == 2 ? 1 : group.size();
    for (std::size_t i = 0; i < senders; ++i) {
      const DeviceId source = group[i];
      const DeviceId destination = group[(i + 1) % group.size()];
      const bool near = routing.nvlink_domain(source) == routing.nvlink_domain(destination);
      (near ? within : across).send(source, destination, situation.bytes());
    }
  }
  Work work{.method = &situation.architecture->direct, .opening_hops = across.empty() ? 0.0 : 1.0};
  if (!within.empty()) work.movements.push_back({within.slowest(), Medium::nvlink});
  if (!across.empty()) work.movements.push_back({across.slowest(), Medium::network});
  return choose_protocol(send_receive.name, work, situation);
}

}  // namespace

const Algorithm send_receive{"send_receive", "one message of each pair, or one step of a ring", serves, serves,
                             plan_send_receive};

}  // namespace aifsim::collective
