// Recursive halving and doubling (Rabenseifner): in round k each rank exchanges half of what it still holds with the rank
// 2^k away, nearest first, so that the large exchanges stay within NVLink domains; then the same backwards.
#include <bit>

#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  const Operation operation = situation.operation();
  return std::has_single_bit(situation.ranks) && (operation == Operation::all_reduce || operation == Operation::all_gather ||
                                                  operation == Operation::reduce_scatter);
}

// NCCL has none (its PAT serves one rank a node).
bool never(const Situation&) { return false; }

Members in_order(const Layout& layout) {
  Members all;
  for (const Members& members : layout.domains) all.insert(all.end(), members.begin(), members.end());
  return all;
}

struct Round {
  Traffic within;
  Traffic across;
};

void exchange(const Members& ranks, std::size_t distance, double bytes, const topology::Routing& routing, Round& round) {
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const DeviceId peer = ranks[i ^ distance];
    const bool near = routing.nvlink_domain(ranks[i]) == routing.nvlink_domain(peer);
    (near ? round.within : round.across).send(ranks[i], peer, bytes);
  }
}

CollectivePlan plan_round(const Situation& situation, std::size_t distance, double passes) {
  Round round{Traffic(*situation.topology), Traffic(*situation.topology)};
  const double bytes = situation.bytes() / 2 / static_cast<double>(distance);
  for (const Layout& layout : situation.layouts) {
    exchange(in_order(layout), distance, bytes * passes, *situation.topology->routing, round);
  }
  Work work{.method = &situation.architecture->ring, .movements = {}};
  if (!round.within.empty()) work.movements.push_back({round.within.slowest(), Medium::nvlink});
  if (!round.across.empty()) work.movements.push_back({round.across.slowest(), Medium::network});
  (round.across.empty() ? work.steps : work.hops) = passes;
  return choose_protocol(halving_doubling.name, work, situation);
}

CollectivePlan plan_halving_doubling(const Situation& situation) {
  const double passes = situation.operation() == Operation::all_reduce ? 2 : 1;
  CollectivePlan plan = plan_round(situation, 1, passes);
  for (std::size_t distance = 2; distance < situation.ranks; distance *= 2) {
    const CollectivePlan round = plan_round(situation, distance, passes);
    plan.alpha += round.alpha - situation.architecture->ring.launch;  // one kernel does all rounds
    plan.unforeseen += round.unforeseen;
    plan.protocol = round.protocol;
    plan.phases.insert(plan.phases.end(), round.phases.begin(), round.phases.end());
  }
  return plan;
}

}  // namespace

const Algorithm halving_doubling{
    "halving_doubling", "all_reduce, all_gather, reduce_scatter of 2^k ranks: exchanges over doubling distances", serves,
    never, plan_halving_doubling};

}  // namespace aifsim::collective
