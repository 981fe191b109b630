// Ring: each rank passes shards to the next. Over several NVLink domains NCCL lays one ring per member of a domain,
// each crossing at another member's NIC: with g members a NIC carries 1/g of the volume between domains, and each
// NVLink port all of it but the share for which its own NIC is the way out.
#include "collective/patterns.hpp"
#include "collective/protocol_choice.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  const Operation operation = situation.operation();
  return operation == Operation::all_reduce || operation == Operation::all_gather ||
         operation == Operation::reduce_scatter;
}

CollectivePlan plan_ring(const Situation& situation) {
  const double passes = situation.operation() == Operation::all_reduce ? 2 : 1;
  const double ranks = static_cast<double>(situation.ranks);
  const double steps = passes * (ranks - 1);
  const double volume = situation.bytes() * steps / ranks;  // what a rank passes on
  Traffic within(*situation.topology, situation.request->unfolded);
  Traffic across(*situation.topology, situation.request->unfolded);
  for (const Layout& layout : situation.layouts) {
    const double rails = static_cast<double>(layout.rails);
    const double inner = layout.domains.size() == 1 ? volume : volume * (rails - 1) / rails;
    if (inner > 0) ring_within_domains(layout, inner, true, within);
    ring_across_domains(layout, volume, true, across);
  }
  const Method& method = situation.architecture->ring;
  Work work{.method = &method, .hops = passes * static_cast<double>(situation.domains - 1)};
  work.steps = steps - work.hops;
  if (!within.empty()) work.movements.push_back({within.slowest(), Medium::nvlink, steps / (steps + method.extra)});
  if (!across.empty()) work.movements.push_back({across.slowest(), Medium::network});
  return choose_protocol(ring.name, work, situation);
}

}  // namespace

const Algorithm ring{"ring",
                     "all_reduce, all_gather, reduce_scatter: shards around a ring, one ring per NIC of a domain",
                     serves, serves, plan_ring};

}  // namespace aifsim::collective
