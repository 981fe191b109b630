// PXN all_to_all: what is for rank j of another domain goes over NVLink to the GPU on j's rail first and leaves there,
// so that no message changes rails in the network (NCCL 2.12, "Doubling all2all performance with NVIDIA collective
// communication library 2.12"). NVLink carries what the network carries once more, but for the sender's own rail.
#include <algorithm>

#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

// As for direct all_to_all: of very many domains some shifts stand for all.
constexpr std::size_t most_messages = std::size_t{1} << 16;
constexpr std::size_t least_shifts = 8;

bool serves(const Situation& situation) {
  return situation.all_to_all() && situation.domains > 1 && situation.domain_ranks > 1 && situation.even_domains();
}

// `bytes` to (from, if ranks receive unequal amounts) every other member of the domain, by neighbours that stand for
// all: they load each port alike.
void exchange(const Situation& situation, const Members& members, double bytes, Traffic& traffic) {
  const double all = bytes * static_cast<double>(members.size() - 1);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const DeviceId peer = members[(i + 1) % members.size()];
    if (situation.weights.empty()) {
      traffic.send(members[i], peer, all);
    } else {
      traffic.receive(members[i], peer, all * situation.weight_of(members[i]));
    }
  }
}

// `bytes` from each other domain. The last hop lies at the receiver's rail: its NIC takes in all that it is sent from
// other domains.
void along_rails(const Situation& situation, const Layout& layout, double bytes, Traffic& traffic) {
  const std::size_t count = layout.domains.size();
  const std::size_t affordable = most_messages / (situation.ranks * situation.layouts.size());
  const std::vector<Shift> shifts = shifts_of(count, std::max(affordable, least_shifts));
  for (std::size_t to = 0; to < count; ++to) {
    for (std::size_t rail = 0; rail < layout.rails; ++rail) {
      const DeviceId receiver = layout.domains[to][rail];
      for (const Shift& shift : shifts) {
        const DeviceId sender = layout.domains[(to + count - shift.by) % count][rail];
        traffic.receive(receiver, sender, bytes * shift.stands_for * situation.weight_of(receiver));
      }
    }
  }
}

CollectivePlan plan_pxn(const Situation& situation) {
  const double per_peer = situation.bytes() / static_cast<double>(situation.ranks);
  const double far_domains = static_cast<double>(situation.domains - 1);
  const double members = static_cast<double>(situation.domain_ranks);
  Traffic within(*situation.topology);
  Traffic across(*situation.topology);
  for (const Layout& layout : situation.layouts) {
    // To each member its own part and what it passes on to its rail in every other domain.
    for (const Members& domain : layout.domains) exchange(situation, domain, per_peer * (1 + far_domains), within);
    along_rails(situation, layout, per_peer * members, across);
  }
  const Method& method = situation.architecture->direct;
  Work work{.method = &method, .steps = 1, .opening_hops = 1, .movements = {}};
  work.movements.push_back({within.slowest(), Medium::nvlink, (members - 1) / (members - 1 + method.extra)});
  work.movements.push_back({across.slowest(), Medium::network});
  return choose_protocol(pxn.name, work, situation);
}

}  // namespace

const Algorithm pxn{"pxn", "all_to_all(_v): over NVLink to the GPU on the receiver's rail, then along the rail", serves,
                    serves, plan_pxn};

}  // namespace aifsim::collective
