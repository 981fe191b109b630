// Pairwise all_to_all: n - 1 rounds, in round s each rank sends to the one s further and receives from the one s
// before. No receiver ever has two senders, but every round waits for its slowest pair.
#include <algorithm>

#include "collective/patterns.hpp"
#include "collective/rounds.hpp"

namespace aifsim::collective {
namespace {

// n (n - 1) messages are not routed one by one: of more rounds than that, some stand for the others.
constexpr std::size_t most_messages = std::size_t{1} << 21;
constexpr std::size_t least_rounds = 8;

bool serves(const Situation& situation) { return situation.all_to_all(); }
// NCCL posts all sends at once.
bool never(const Situation&) { return false; }

CollectivePlan plan_pairwise(const Situation& situation) {
  const std::size_t affordable = most_messages / (situation.ranks * situation.layouts.size());
  const double per_peer = situation.bytes() / static_cast<double>(situation.ranks);
  CollectivePlan plan{.algorithm = std::string(pairwise.name)};
  for (const Shift& shift : shifts_of(situation.ranks, std::max(affordable, least_rounds))) {
    Round round(situation);
    for (const Layout& layout : situation.layouts) {
      const Members ranks = in_order(layout);
      for (std::size_t to = 0; to < ranks.size(); ++to) {
        const DeviceId from = ranks[(to + ranks.size() - shift.by) % ranks.size()];
        round.receive(ranks[to], from, per_peer * shift.stands_for * situation.weight_of(ranks[to]));
      }
    }
    round.append_to(plan, shift.stands_for);
  }
  return plan;
}

}  // namespace

const Algorithm pairwise{"pairwise", "all_to_all(_v): one peer after the other, n - 1 rounds", serves, never,
                         plan_pairwise};

}  // namespace aifsim::collective
