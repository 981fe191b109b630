#include "collective/circuits.hpp"

#include <algorithm>
#include <set>

#include "topology/circuit_ring.hpp"

namespace aifsim::collective {
namespace {

using topology::DeviceKind;

// Who a NIC is joined to in a plan, and how many of them it sends to.
struct Peers {
  std::size_t joined = 0;
  std::size_t receivers = 0;
};

bool on_circuit(ChannelId id, const topology::Fabric& fabric) {
  const topology::Channel& channel = fabric.channel(id);
  return fabric.device(channel.from).kind == DeviceKind::ocs || fabric.device(channel.to).kind == DeviceKind::ocs;
}

// Of all phases together: circuits stand while one phase follows the other.
std::size_t receivers_of(const CollectivePlan& plan, const topology::Fabric& fabric) {
  std::set<DeviceId> nics;
  for (const Phase& phase : plan.phases) {
    for (const PhaseFlow& flow : phase) {
      for (const ChannelUse& use : flow.path) {
        const topology::Channel& channel = fabric.channel(use.channel);
        if (fabric.device(channel.from).kind == DeviceKind::ocs) nics.insert(channel.to);
      }
    }
  }
  return nics.size();
}

// Nodes of the first group outside the first one's NVLink domain: each is a peer on the same rail.
std::size_t nodes_beyond_the_domain(const Situation& situation) {
  std::set<std::uint32_t> nodes;
  const std::vector<Members>& domains = situation.layouts.front().domains;
  for (std::size_t domain = 1; domain < domains.size(); ++domain) {
    for (const DeviceId gpu : domains[domain]) nodes.insert(situation.topology->fabric.device(gpu).node);
  }
  return nodes.size();
}

Peers peers_of(const CollectivePlan& plan, const Situation& situation) {
  const std::size_t receivers = receivers_of(plan, situation.topology->fabric);
  switch (situation.operation()) {
    case Operation::all_to_all:
    case Operation::all_to_all_v: {
      const std::size_t all = receivers > 0 ? nodes_beyond_the_domain(situation) : 0;
      return {all, all};
    }
    case Operation::send_receive:
    case Operation::broadcast:
    case Operation::reduce: {
      // One way along a chain: each passes on what another one sends it. A pair has no third.
      const bool chain = situation.domains > 2 && situation.ranks > 2;
      return {std::max<std::size_t>(receivers, chain ? 2 : 0), receivers};
    }
    case Operation::all_reduce:
    case Operation::all_gather:
    case Operation::reduce_scatter: break;
  }
  return {receivers, receivers};
}

// How much longer the rounds take than all ports at full rate: a port serves one peer at a time.
double idle_factor(const Peers& peers, std::size_t ports) {
  const auto all = static_cast<double>(ports);
  if (peers.joined <= ports) return all / static_cast<double>(ports / peers.joined * peers.receivers);
  const std::size_t full = (peers.joined - 1) / ports;
  const std::size_t last = peers.joined - full * ports;
  return (static_cast<double>(full) * all + all / static_cast<double>(ports / last)) /
         static_cast<double>(peers.joined);
}

void widen(CollectivePlan& plan, double factor, const topology::Fabric& fabric) {
  for (Phase& phase : plan.phases) {
    for (PhaseFlow& flow : phase) {
      for (ChannelUse& use : flow.path) {
        if (on_circuit(use.channel, fabric)) use.multiplicity *= factor;
      }
    }
  }
}

CollectivePlan in_rounds(CollectivePlan plan, const Peers& peers, const Situation& situation) {
  const topology::Circuits& circuits = *situation.topology->circuits;
  widen(plan, idle_factor(peers, circuits.ports), situation.topology->fabric);
  const std::size_t rounds = (peers.joined + circuits.ports - 1) / circuits.ports;
  if (rounds < 2) return plan;
  plan.turning = circuits.turning_time * static_cast<double>(rounds - 1);
  plan.alpha += plan.turning;
  plan.protocol += " (" + std::to_string(rounds) + " rounds)";
  return plan;
}

// Every byte crosses the circuits of a ring with chords until it is there, NIC by NIC.
CollectivePlan forwarded(CollectivePlan plan, const Peers& peers, const Situation& situation) {
  const topology::Fabric& fabric = situation.topology->fabric;
  const topology::CircuitRing ring(peers.joined + 1, situation.topology->circuits->ports);
  const double load = ring.forwarding_load();
  widen(plan, load, fabric);
  Seconds circuit;
  for (Phase& phase : plan.phases) {
    for (PhaseFlow& flow : phase) {
      auto everyone = std::make_shared<ChannelLoads>(*flow.everyone);
      for (ChannelLoad& entry : *everyone) {
        if (!on_circuit(entry.channel, fabric)) continue;
        entry.bytes *= load;
        circuit = fabric.channel(entry.channel).latency * 2;
      }
      flow.everyone = std::move(everyone);
    }
  }
  plan.alpha += circuit * (ring.mean_hops() - 1);
  plan.protocol += " (forwarded)";
  return plan;
}

}  // namespace

bool uses_turning_circuits(const CollectivePlan& plan, const topology::Topology& topology) {
  if (!topology.circuits || !topology.circuits->turning) return false;
  return receivers_of(plan, topology.fabric) > 0;
}

void share_ports(CollectivePlan& plan, std::size_t peers, const topology::Topology& topology) {
  if (!uses_turning_circuits(plan, topology)) return;
  widen(plan, idle_factor({.joined = peers, .receivers = 1}, topology.circuits->ports), topology.fabric);
}

CollectivePlan on_circuits(CollectivePlan plan, const Situation& situation) {
  if (!uses_turning_circuits(plan, *situation.topology)) return plan;
  const Peers peers = peers_of(plan, situation);
  if (peers.joined <= situation.topology->circuits->ports || !situation.all_to_all()) {
    return in_rounds(std::move(plan), peers, situation);
  }
  CollectivePlan turned = in_rounds(plan, peers, situation);
  CollectivePlan passed_on = forwarded(std::move(plan), peers, situation);
  const topology::Fabric& fabric = situation.topology->fabric;
  return lone_time(passed_on, fabric) < lone_time(turned, fabric) ? passed_on : turned;
}

}  // namespace aifsim::collective
