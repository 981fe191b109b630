// Direct all_to_all: every rank writes to every other at once. Where ranks receive unequal amounts (all_to_all_v) a
// flow is what one rank receives, for the one that receives most is the slowest.
#include "collective/direct.hpp"

#include <algorithm>

#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

// n (n - 1) messages are not routed one by one: shifts, rank i to rank i + s, stand for all of them, since each loads
// every sender and every receiver alike. With this many messages to spend 64 nodes of eight GPUs have all their shifts.
constexpr std::size_t most_messages = std::size_t{1} << 16;
constexpr std::size_t least_shifts = 8;

struct Exchange {
  const Situation& situation;
  double per_peer;
  Traffic& traffic;
  void between(DeviceId rank, DeviceId peer, double bytes) const {
    if (situation.weights.empty()) return traffic.send(rank, peer, bytes);
    traffic.receive(rank, peer, bytes * situation.weight_of(rank));
  }
};

// Domains of two tiers of switches are the reason for more than one shift: the ports are alike.
constexpr std::size_t domain_shifts = 16;

void within_domains(const Layout& layout, const Exchange& exchange) {
  for (const Members& members : layout.domains) {
    const std::vector<Shift> shifts = shifts_of(members.size(), domain_shifts);
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const Shift& shift : shifts) {
        const DeviceId peer = members[(i + shift.by) % members.size()];
        exchange.between(members[i], peer, exchange.per_peer * shift.stands_for);
      }
    }
  }
}

// To the peer on the same rail, and to one on another rail that stands for all others: rails are alike.
void to_domain(const Exchange& exchange, DeviceId rank, std::size_t place, const Members& others, double bytes) {
  const std::size_t rails = others.size();
  exchange.between(rank, others[place % rails], bytes);
  if (rails > 1) {
    exchange.between(rank, others[(place + (rails + 1) / 2) % rails], bytes * static_cast<double>(rails - 1));
  }
}

void across_domains(const Layout& layout, const Exchange& exchange) {
  const std::size_t count = layout.domains.size();
  if (count < 2) return;
  const std::size_t affordable = most_messages / (2 * exchange.situation.ranks * exchange.situation.layouts.size());
  const std::vector<Shift> shifts = shifts_of(count, std::max(affordable, least_shifts));
  for (std::size_t d = 0; d < count; ++d) {
    const Members& members = layout.domains[d];
    // Domains of unequal size: the shifts' peers are as many as there are on average.
    double met = 0;
    for (const Shift& shift : shifts) {
      met += shift.stands_for * static_cast<double>(layout.domains[(d + shift.by) % count].size());
    }
    const double per_peer = exchange.per_peer * static_cast<double>(exchange.situation.ranks - members.size()) / met;
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (const Shift& shift : shifts) {
        to_domain(exchange, members[i], i, layout.domains[(d + shift.by) % count], per_peer * shift.stands_for);
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
