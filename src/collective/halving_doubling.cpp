// Recursive halving and doubling (Rabenseifner): in round k each rank exchanges half of what it still holds with the
// rank 2^k away, nearest first, so that the large exchanges stay within NVLink domains; then the same backwards.
#include <bit>

#include "collective/rounds.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  const Operation operation = situation.operation();
  return std::has_single_bit(situation.ranks) &&
         (operation == Operation::all_reduce || operation == Operation::all_gather ||
          operation == Operation::reduce_scatter);
}

// NCCL has none (its PAT serves one rank a node).
bool never(const Situation&) { return false; }

CollectivePlan plan_halving_doubling(const Situation& situation) {
  const double passes = situation.operation() == Operation::all_reduce ? 2 : 1;
  CollectivePlan plan{.algorithm = std::string(halving_doubling.name)};
  for (std::size_t distance = 1; distance < situation.ranks; distance *= 2) {
    Round round(situation);
    const double bytes = situation.bytes() / 2 / static_cast<double>(distance) * passes;
    for (const Layout& layout : situation.layouts) {
      const Members ranks = in_order(layout);
      for (std::size_t i = 0; i < ranks.size(); ++i) round.send(ranks[i], ranks[i ^ distance], bytes);
    }
    round.append_to(plan, passes);
  }
  return plan;
}

}  // namespace

const Algorithm halving_doubling{
    "halving_doubling", "all_reduce, all_gather, reduce_scatter of 2^k ranks: exchanges over doubling distances",
    serves, never, plan_halving_doubling};

}  // namespace aifsim::collective
