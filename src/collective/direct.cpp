// Direct all_to_all: every rank writes to every other at once. Where ranks receive unequal amounts (all_to_all_v) a flow
// is what one rank receives, for the one that receives most is the slowest.
#include "collective/direct.hpp"

#include <algorithm>

#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

// n (n - 1) messages are not routed one by one: shifts, rank i to rank i + s, stand for all of them, since each loads
// every sender and every receiver alike. All shifts up to these many, evenly spaced ones beyond.
constexpr std::size_t max_domain_shifts = 4;
constexpr std::size_t max_member_shifts = 2;

std::vector<std::size_t> shifts(std::size_t first, std::size_t count, std::size_t max_shifts) {
  std::vector<std::size_t> result;
  const std::size_t available = count - first;
  const std::size_t taken = std::min(available, max_shifts);
  for (std::size_t i = 0; i < taken; ++i) result.push_back(first + i * available / taken);
  return result;
}

struct Exchange {
  const Situation& situation;
  double per_peer;
  Traffic& traffic;
  void between(DeviceId rank, DeviceId peer, double bytes) const {
    if (situation.weights.empty()) return traffic.send(rank, peer, bytes);
    traffic.receive(rank, peer, bytes * situation.weight_of(rank));
  }
};

void within_domains(const Layout& layout, const Exchange& exchange) {
  for (const Members& members : layout.domains) {
    if (members.size() < 2) continue;
    const std::vector<std::size_t> steps = shifts(1, members.size(), max_member_shifts);
    const double bytes = exchange.per_peer * static_cast<double>(members.size() - 1) / static_cast<double>(steps.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const std::size_t step : steps) {
        exchange.between(members[i], members[(i + step) % members.size()], bytes);
      }
    }
  }
}

void across_domains(const Layout& layout, const Exchange& exchange) {
  const std::size_t count = layout.domains.size();
  if (count < 2) return;
  const std::vector<std::size_t> domain_steps = shifts(1, count, max_domain_shifts);
  for (std::size_t d = 0; d < count; ++d) {
    const Members& members = layout.domains[d];
    for (std::size_t i = 0; i < members.size(); ++i) {
      const double bytes =
          exchange.per_peer * static_cast<double>(exchange.situation.ranks - members.size()) / static_cast<double>(domain_steps.size());
      for (const std::size_t domain_step : domain_steps) {
        const Members& others = layout.domains[(d + domain_step) % count];
        const std::vector<std::size_t> member_steps = shifts(0, others.size(), max_member_shifts);
        for (const std::size_t step : member_steps) {
          exchange.between(members[i], others[(i + step) % others.size()],
                           bytes / static_cast<double>(member_steps.size()));
        }
      }
    }
  }
}

bool serves(const Situation& situation) { return situation.all_to_all(); }

CollectivePlan plan_direct(const Situation& situation) { return plan_all_at_once(direct.name, situation); }

}  // namespace

CollectivePlan plan_all_at_once(std::string_view algorithm, const Situation& situation) {
  const double per_peer = situation.bytes() / static_cast<double>(situation.ranks);
  Traffic within(*situation.topology);
  Traffic across(*situation.topology);
  for (const Layout& layout : situation.layouts) {
    within_domains(layout, {situation, per_peer, within});
    across_domains(layout, {situation, per_peer, across});
  }
  const Method& method = situation.architecture->direct;
  Work work{.method = &method, .opening_hops = situation.domains > 1 ? 1.0 : 0.0};
  const double peers = static_cast<double>(situation.domain_ranks - 1);
  if (!within.empty()) work.movements.push_back({within.slowest(), Medium::nvlink, peers / (peers + method.extra)});
  if (!across.empty()) work.movements.push_back({across.slowest(), Medium::network});
  return choose_protocol(algorithm, work, situation);
}

const Algorithm direct{"direct", "all_to_all(_v): every rank to every other at once", serves, serves, plan_direct};

}  // namespace aifsim::collective
