// All_reduce in three phases that follow each other: reduce_scatter in each NVLink domain, all_reduce between the
// domains along every rail, all_gather in each domain.
#include <utility>

#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  return situation.operation() == Operation::all_reduce && situation.domains > 1 && situation.domain_ranks > 1;
}

// NCCL pipelines the three (its ring and trees): as separate phases they are never ahead.
bool never(const Situation&) { return false; }

CollectivePlan within_domains(const Situation& situation) {
  const double members = static_cast<double>(situation.domain_ranks);
  Traffic traffic(*situation.topology);
  for (const Layout& layout : situation.layouts) {
    ring_within_domains(layout, situation.bytes() * (members - 1) / members, true, traffic);
  }
  const Method& method = situation.architecture->ring;
  Work work{.method = &method, .steps = members - 1, .movements = {}};
  work.movements.push_back({traffic.slowest(), Medium::nvlink, (members - 1) / (members - 1 + method.extra)});
  return choose_protocol(hierarchical.name, work, situation);
}

CollectivePlan across_domains(const Situation& situation) {
  const double domains = static_cast<double>(situation.domains);
  Traffic traffic(*situation.topology);
  for (const Layout& layout : situation.layouts) {
    ring_across_domains(layout, situation.bytes() * 2 * (domains - 1) / domains, true, traffic);
  }
  Work work{.method = &situation.architecture->ring, .hops = 2 * (domains - 1), .movements = {}};
  work.movements.push_back({traffic.slowest(), Medium::network});
  return choose_protocol(hierarchical.name, work, situation);
}

CollectivePlan plan_hierarchical(const Situation& situation) {
  const CollectivePlan within = within_domains(situation);
  const CollectivePlan across = across_domains(situation);
  CollectivePlan plan = within;
  plan.alpha = within.alpha * 2.0 + across.alpha;
  plan.unforeseen = within.unforeseen * 2.0 + across.unforeseen;
  plan.protocol = within.protocol == across.protocol ? within.protocol : within.protocol + "+" + across.protocol;
  plan.phases.insert(plan.phases.end(), across.phases.begin(), across.phases.end());
  plan.phases.insert(plan.phases.end(), within.phases.begin(), within.phases.end());
  return plan;
}

}  // namespace

const Algorithm hierarchical{"hierarchical",
                             "all_reduce: reduce_scatter within NVLink domains, rings between them, all_gather within",
                             serves, never, plan_hierarchical};

}  // namespace aifsim::collective
