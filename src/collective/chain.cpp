// Broadcast and reduce: the whole buffer down a chain of all ranks, in pieces.
#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  return situation.operation() == Operation::broadcast || situation.operation() == Operation::reduce;
}

CollectivePlan plan_chain(const Situation& situation) {
  Traffic within(*situation.topology, situation.request->unfolded);
  Traffic across(*situation.topology, situation.request->unfolded);
  for (const Layout& layout : situation.layouts) {
    ring_within_domains(layout, situation.bytes(), false, within);
    ring_across_domains(layout, situation.bytes(), false, across);
  }
  Work work{.method = &situation.architecture->ring, .hops = static_cast<double>(situation.domains - 1)};
  work.steps = static_cast<double>(situation.ranks - 1) - work.hops;
  if (!within.empty()) work.movements.push_back({within.slowest(), Medium::nvlink});
  if (!across.empty()) work.movements.push_back({across.slowest(), Medium::network});
  return choose_protocol(chain.name, work, situation);
}

}  // namespace

const Algorithm chain{"chain", "broadcast, reduce: the whole buffer down a chain of ranks", serves, serves, plan_chain};

}  // namespace aifsim::collective
