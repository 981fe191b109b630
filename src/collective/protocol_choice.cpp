#include "collective/protocol_choice.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.hpp"

namespace aifsim::collective {
namespace {

BytesPerSecond ceiling(const Movement& movement, BytesPerSecond line_rate, const Protocol& protocol,
                       const Situation& situation) {
  if (movement.medium == Medium::nvlink) return situation.nvlink * (protocol.rate * movement.rate_factor);
  const double efficiency = situation.transport->efficiency * situation.transport->protocol(protocol.name).payload;
  return line_rate * (efficiency * movement.rate_factor);
}

// Relays wait for a chunk at every hop. Where the transport cuts messages (`ramp`) other algorithms wait as well, but
// only while the pipeline fills and drains.
double filling_hops(const Work& work, const Transport& transport) {
  if (work.relayed) return work.hops;
  return transport.ramp ? std::min(work.hops + work.opening_hops, 2.0) : 0;
}

CollectivePlan with_protocol(const Work& work, const Protocol& protocol, const Situation& situation) {
  CollectivePlan plan{.protocol = protocol.name};
  const Transport& transport = *situation.transport;
  const NetworkProtocol& network = transport.protocol(protocol.name);
  Seconds path;
  Seconds fill;
  Phase phase;
  for (const Movement& movement : work.movements) {
    const Bytes bytes = movement.flow.bytes * units::B;
    phase.push_back({.path = movement.flow.path,
                     .bytes = bytes,
                     .rate_limit = ceiling(movement, movement.flow.line_rate, protocol, situation),
                     .everyone = movement.flow.everyone,
                     .members = {}});
    if (movement.medium != Medium::network) continue;
    path = std::max(path, movement.flow.latency);
    fill = transport.held_back(bytes, network) / phase.back().rate_limit * filling_hops(work, transport);
  }
  plan.phases.push_back(std::move(phase));
  const Seconds transfer = lone_time(plan, situation.topology->fabric);
  const Seconds latency = protocol.step * work.steps + (network.hop + path) * work.hops;
  const Seconds both = std::hypot(latency.in(units::s), transfer.in(units::s)) * units::s;
  plan.alpha = work.method->launch + protocol.setup + protocol.per_rank * static_cast<double>(situation.domain_ranks) +
               (network.hop + path) * work.opening_hops + fill + std::max(both - transfer, Seconds{});
  if (transport.ramp) plan.unforeseen = fill;
  return plan;
}

}  // namespace

CollectivePlan choose_protocol(std::string_view algorithm, const Work& work, const Situation& situation) {
  ensure(!work.method->protocols.empty(), "a method has a protocol");
  const topology::Fabric& fabric = situation.topology->fabric;
  std::optional<CollectivePlan> best;
  const Protocol* chosen = nullptr;
  for (const Protocol& protocol : work.method->protocols) {
    CollectivePlan plan = with_protocol(work, protocol, situation);
    if (!best || lone_time(plan, fabric) - plan.unforeseen < lone_time(*best, fabric) - best->unforeseen) {
      best = std::move(plan);
      chosen = &protocol;
    }
  }
  best->algorithm = algorithm;
  for (std::size_t i = 0; i < work.movements.size(); ++i) {
    std::vector<MemberFlow>& members = best->phases.front()[i].members;
    members = work.movements[i].flow.members;
    for (MemberFlow& member : members) {
      member.rate_limit = ceiling(work.movements[i], member.line_rate, *chosen, situation);
    }
  }
  return *std::move(best);
}

}  // namespace aifsim::collective
