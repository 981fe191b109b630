// NVLS within each NVLink domain, a double binary tree between them.
#include "collective/nvls_port.hpp"
#include "collective/patterns.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  return situation.operation() == Operation::all_reduce && situation.domains > 1 && nvls_possible(situation);
}

CollectivePlan plan_nvls_tree(const Situation& situation) {
  Traffic across(*situation.topology);
  for (const Layout& layout : situation.layouts) double_tree_across_domains(layout, situation.bytes(), across);
  Work work{.method = &*situation.architecture->nvls, .hops = 2 * tree_depth(situation.domains), .relayed = true};
  work.movements.push_back(nvls_movement(situation, nvls_all_reduce_load(situation)));
  work.movements.push_back({across.slowest(), Medium::network});
  return choose_protocol(nvls_tree.name, work, situation);
}

}  // namespace

const Algorithm nvls_tree{"nvls_tree", "all_reduce: in-switch within NVLink domains, double binary tree between them",
                          serves, serves, plan_nvls_tree};

}  // namespace aifsim::collective
