// Broadcast and reduce over a double binary tree of NVLink domains, a chain within each: hops grow with the logarithm
// of the domains, where the chain's grow with their number.
#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  const Operation operation = situation.operation();
  return (operation == Operation::broadcast || operation == Operation::reduce) && situation.domains > 1;
}

// NCCL has the chain alone.
bool never(const Situation&) { return false; }

CollectivePlan plan_tree_broadcast(const Situation& situation) {
  Traffic within(*situation.topology);
  Traffic across(*situation.topology);
  for (const Layout& layout : situation.layouts) {
    ring_within_domains(layout, situation.bytes(), false, within);
    double_tree_from_first(layout, situation.bytes(), situation.operation() == Operation::broadcast, across);
  }
  Work work{.method = &situation.architecture->ring, .steps = static_cast<double>(situation.domain_ranks - 1)};
  work.hops = tree_depth(situation.domains) + 1;  // the second tree's root has its half from the first's
  work.relayed = true;
  if (!within.empty()) {
    work.movements.push_back({within.slowest(), Medium::nvlink, situation.library->tree_domain_efficiency});
  }
  work.movements.push_back({across.slowest(), Medium::network, situation.transport->tree_efficiency});
  return choose_protocol(tree_broadcast.name, work, situation);
}

}  // namespace

const Algorithm tree_broadcast{"tree_broadcast", "broadcast, reduce: double binary tree over NVLink domains", serves,
                               never, plan_tree_broadcast};

}  // namespace aifsim::collective
