#include "topology/circuit_checks.hpp"

#include <cmath>

namespace aifsim::topology {
namespace {

using hardware::Platform;

// Single-mode fibre near 1310 nm, as IEEE 802.3 counts it for its 500 m and 2 km links (recalled).
constexpr double fibre_db_per_km = 0.5;

std::string decibels(double value) {
  const auto hundredths = static_cast<long>(std::lround(value * 100));
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (rest.size() == 1 ? ".0" : ".") + rest + " dB";
}

void check_light(const Platform& platform) {
  const hardware::ScaleOut& network = platform.scale_out;
  const hardware::LinkMedium& medium = platform.medium(network.medium);
  if (medium.lasers == 0) {
    reject(platform, "scale_out.medium", "an optical medium: an optical circuit switch passes light", medium.name);
  }
  if (medium.loss_budget_db == 0) return;
  const double fibre = 2 * network.layout.leaf / 1000 * fibre_db_per_km;
  const double loss = network.switches.insertion_loss_db + fibre;
  if (loss <= medium.loss_budget_db) return;
  reject(platform, "scale_out.medium",
         "a medium that may lose " + decibels(loss) + " (" + decibels(network.switches.insertion_loss_db) + " in " +
             network.switches.name + ", " + decibels(fibre) + " in fibre)",
         medium.name + " with a budget of " + decibels(medium.loss_budget_db));
}

}  // namespace

void check_circuits(const Platform& platform, const NodeLayout& nodes) {
  const hardware::ScaleOut& network = platform.scale_out;
  if (nodes.rails() * nodes.node_count() != nodes.nic_count()) {
    reject(platform, "nodes", "the same number of NICs in every node of optical rails",
           std::to_string(nodes.rails()) + " in some, fewer in others");
  }
  if (network.circuits.ports % 2 != 0) {
    reject(platform, "scale_out.circuits", "an even number: every chord has two ends",
           std::to_string(network.circuits.ports));
  }
  if (network.switches.turning_time == Seconds{}) {
    reject(platform, "scale_out.switch", "an optical circuit switch (one with a `turning_time`)",
           network.switches.name);
  }
  const bool turns = network.circuits.policy == hardware::CircuitPolicy::per_phase;
  if (turns && nodes.node_count() > static_cast<std::size_t>(network.switches.ports)) {
    reject(platform, "scale_out.switch",
           "at least " + std::to_string(nodes.node_count()) + " ports: `policy: per-phase` joins any two nodes",
           network.switches.name + " with " + std::to_string(network.switches.ports));
  }
  check_reach(platform, "scale_out.medium", network.medium, "leaf_m", 2 * network.layout.leaf);
  check_light(platform);
}

std::size_t circuit_switches(const Platform& platform, std::size_t nodes) {
  const hardware::ScaleOut& network = platform.scale_out;
  const auto ports = static_cast<std::size_t>(network.switches.ports);
  const auto each = static_cast<std::size_t>(network.circuits.ports);
  if (network.circuits.policy == hardware::CircuitPolicy::once) return (nodes * each + ports - 1) / ports;
  const std::size_t planes = ports / nodes;  // port numbers that fit on one switch
  return (each + planes - 1) / planes;
}

}  // namespace aifsim::topology
