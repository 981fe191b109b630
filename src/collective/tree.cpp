// Double binary tree over the NVLink domains, a chain within each: half of the buffer goes up and down each tree.
#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) { return situation.operation() == Operation::all_reduce; }

// In one domain the tree is a chain and never ahead of the ring.
bool considered(const Situation& situation) { return situation.domains > 1; }

CollectivePlan plan_tree(const Situation& situation) {
  const double members = static_cast<double>(situation.domain_ranks);
  Traffic within(*situation.topology);
  Traffic across(*situation.topology);
  for (const Layout& layout : situation.layouts) {
    // Up and down, averaged over the chains that NCCL turns from channel to channel.
    ring_within_domains(layout, 2 * situation.bytes() * (members - 1) / members, true, within);
    double_tree_across_domains(layout, situation.bytes(), across);
  }
  Work work{.method = &situation.architecture->ring, .steps = 2 * (members - 1)};
  work.hops = 2 * tree_depth(situation.domains);
  work.relayed = true;
  if (!within.empty()) {
    work.movements.push_back({within.slowest(), Medium::nvlink, situation.library->tree_domain_efficiency});
  }
  if (!across.empty()) {
    work.movements.push_back({across.slowest(), Medium::network, situation.transport->tree_efficiency});
  }
  return choose_protocol(tree.name, work, situation);
}

}  // namespace

const Algorithm tree{"tree", "all_reduce: double binary tree over NVLink domains, chains within", serves, considered,
                     plan_tree};

}  // namespace aifsim::collective
