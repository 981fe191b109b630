#include "collective/protocol_choice.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.hpp"

namespace aifsim::collective {
namespace {

BytesPerSecond ceiling(const Movement& movement, const Protocol& protocol, const Situation& situation) {
  if (movement.medium == Medium::nvlink) return situation.nvlink * (protocol.rate * movement.rate_factor);
  const double efficiency = situation.library->network_efficiency * protocol.payload;
  return movement.flow.line_rate * (efficiency * movement.rate_factor);
}

CollectivePlan with_protocol(const Work& work, const Protocol& protocol, const Situation& situation) {
  CollectivePlan plan{.protocol = protocol.name};
  Seconds path;
  Seconds fill;
  Phase phase;
  for (const Movement& movement : work.movements) {
    const Bytes bytes = movement.flow.bytes * units::B;
    phase.push_back({.path = movement.flow.path,
                     .bytes = bytes,
                     .rate_limit = ceiling(movement, protocol, situation),
                     .everyone = movement.flow.everyone});
    if (movement.medium != Medium::network) continue;
    path = std::max(path, movement.flow.latency);
    if (work.relayed) fill = std::max(fill, std::min(bytes, protocol.chunk) / phase.back().rate_limit * work.hops);
  }
  plan.phases.push_back(std::move(phase));
  const Seconds transfer = lone_time(plan, situation.topology->fabric);
  const Seconds latency = protocol.step * work.steps + (protocol.network_hop + path) * work.hops;
  const Seconds both = std::hypot(latency.in(units::s), transfer.in(units::s)) * units::s;
  plan.alpha = work.method->launch + protocol.setup + protocol.per_rank * static_cast<double>(situation.domain_ranks) +
               (protocol.network_hop + path) * work.opening_hops + fill + std::max(both - transfer, Seconds{});
  return plan;
}

}  // namespace

CollectivePlan choose_protocol(std::string_view algorithm, const Work& work, const Situation& situation) {
  ensure(!work.method->protocols.empty(), "a method has a protocol");
  const topology::Fabric& fabric = situation.topology->fabric;
  std::optional<CollectivePlan> best;
  for (const Protocol& protocol : work.method->protocols) {
    CollectivePlan plan = with_protocol(work, protocol, situation);
    if (!best || lone_time(plan, fabric) < lone_time(*best, fabric)) best = std::move(plan);
  }
  best->algorithm = algorithm;
  return *std::move(best);
}

}  // namespace aifsim::collective
