// Optical rails: circuits are a matching, light has a budget, dead parts are led around.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.hpp"
#include "topology/circuit_repair.hpp"
#include "topology/circuit_ring.hpp"
#include "topology/platforms.hpp"

namespace aifsim::topology {
namespace {

hardware::Platform rails(int nodes, const std::string& more, const std::string& faults = {}) {
  return platform_of("nodes: {type: dgx-h100, count: " + std::to_string(nodes) +
                     "}\nscale_out: {topology: ocs-rails, switch: ocs-palomar, " + more + "}\nfaults: [" + faults +
                     "]\n");
}
std::string mistake(const std::string& scale_out, int nodes = 32) {
  try {
    (void)build(cluster("dgx-h100", nodes, scale_out));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}
std::vector<ChannelUse> way(const Topology& topology, std::size_t from, std::size_t to) {
  std::vector<ChannelUse> path;
  topology.routing->append_path(topology.fabric.gpu(from), topology.fabric.gpu(to), 0, path);
  return path;
}

class RingLaw : public testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};
TEST_P(RingLaw, circuits_are_a_matching_of_ports) {
  const auto [members, ports] = GetParam();
  const CircuitRing ring(members, ports);
  for (std::size_t member = 0; member < members; ++member) {
    for (std::size_t port = 0; port < ports; ++port) {
      EXPECT_EQ(ring.neighbour(ring.neighbour(member, port), port ^ 1U), member);
    }
  }
}
TEST_P(RingLaw, forwarding_costs_at_least_its_hops) {
  const auto [members, ports] = GetParam();
  const CircuitRing ring(members, ports);
  EXPECT_GE(ring.forwarding_load(), ring.mean_hops() * (1 - 1e-12));
  EXPECT_GE(ring.mean_hops(), 1);
}
INSTANTIATE_TEST_SUITE_P(Sizes, RingLaw,
                         testing::Values(std::pair{2U, 2U}, std::pair{3U, 2U}, std::pair{8U, 2U}, std::pair{9U, 4U},
                                         std::pair{64U, 4U}, std::pair{100U, 6U}),
                         [](const auto& row) {
                           return std::to_string(row.param.first) + "_by_" + std::to_string(row.param.second);
                         });

TEST(CircuitRing, of_eight_with_two_ports) {
  const CircuitRing ring(9, 2);
  EXPECT_DOUBLE_EQ(ring.mean_hops(), (1 + 2 + 3 + 4) * 2 / 8.0);
  EXPECT_DOUBLE_EQ(ring.forwarding_load(), ring.mean_hops());
}

TEST(CircuitPhases, any_two_nodes_of_a_rail_are_one_circuit_apart) {
  const Topology topology = build(rails(64, "policy: per-phase"));
  EXPECT_EQ(way(topology, 0, 8 * 37).size(), 4U);
  EXPECT_EQ(way(topology, 1, 8 * 37 + 2).size(), 6U);  // another rail: over NVLink
  ASSERT_TRUE(topology.circuits.has_value());
  EXPECT_TRUE(topology.circuits->turning);
  EXPECT_EQ(topology.circuits->turning_time, 10 * units::ms);
  const Topology fast = build(rails(64, "policy: per-phase, turning_time: 10 us, prefetch: false"));
  EXPECT_EQ(fast.circuits->turning_time, 10 * units::us);
  EXPECT_FALSE(fast.circuits->ahead);
}

TEST(CircuitPhases, need_a_port_for_every_node_on_one_switch) {
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-palomar, policy: per-phase", 137),
            "test.yaml: scale_out.switch: expected at least 137 ports: `policy: per-phase` joins any two nodes, got "
            "ocs-palomar with 136");
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-palomar, policy: per-phase", 136), "accepted");
  const Topology two = build(rails(100, "policy: per-phase"));
  EXPECT_EQ(two.tiers[0].switches, 8U * 2);  // ports 0 on one, ports 1 on the other
}

TEST(CircuitMistake, keys) {
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-palomar, policy: per-phas"),
            "test.yaml:2:63: scale_out.policy: expected one of static, per-phase, got \"per-phas\" (did you mean "
            "\"per-phase\"?)");
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-palomar, prefetch: true"),
            "test.yaml:2:65: scale_out.prefetch: expected `policy: per-phase` beside it, got circuits that never turn");
  EXPECT_NE(mistake("topology: rail-only, policy: per-phase").find("scale_out.policy"), std::string::npos);
}

TEST(CircuitLight, loses_no_more_than_its_medium_allows) {
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-calient-s320"), "accepted");
  EXPECT_EQ(
      mistake("topology: ocs-rails, switch: ocs-calient-s320, medium: pluggable-dr4"),
      "test.yaml: scale_out.medium: expected a medium that may lose 3.02 dB (3.00 dB in ocs-calient-s320, 0.02 dB in "
      "fibre), got pluggable-dr4 with a budget of 3.00 dB");
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-palomar, medium: pluggable-dr4"), "accepted");
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-palomar, medium: dac, layout: {leaf_m: 1}"),
            "test.yaml: scale_out.medium: expected an optical medium: an optical circuit switch passes light, got dac");
}

TEST(CircuitRepair, a_dead_cable_moves_to_spare_ports) {
  const Topology healthy = build(rails(64, "policy: per-phase"));
  const Topology repaired = build(rails(64, "policy: per-phase", "{part: node3/nic0→ocs0, dead: true}"));
  EXPECT_EQ(way(repaired, 8 * 3, 8 * 9).size(), way(healthy, 8 * 3, 8 * 9).size());
  ASSERT_EQ(repaired.notes.size(), 1U);
  EXPECT_EQ(repaired.notes[0],
            "repair: 2 dead circuits of node3/nic0 on spare ports of ocs0 (110 ms for detection and turning; 6 spare "
            "ports left)");
  EXPECT_EQ(repaired.dead_channels, nullptr);
}

TEST(CircuitRepair, spare_ports_run_out) {
  std::string faults;
  for (int node = 0; node < 5; ++node) {
    faults += (node > 0 ? ", " : "") + ("{part: node" + std::to_string(node)) + "/nic0->ocs0, dead: true}";
  }
  const Topology topology = build(rails(64, "policy: per-phase", faults));  // 136 ports, 128 in use
  EXPECT_EQ(topology.notes.size(), 4U);
  EXPECT_EQ(way(topology, 8 * 3, 8 * 9).size(), 4U);
  EXPECT_EQ(way(topology, 8 * 4, 8 * 9).size(), 4U + 4);  // another rail, over NVLink at both ends
}

TEST(CircuitRepair, a_ring_is_closed_around_a_dead_nic) {
  const std::string dead = "{part: node3/nic0, dead: true}";
  const Topology topology = build(rails(8, "circuits: 2", dead));
  EXPECT_EQ(way(topology, 8 * 2, 8 * 4).size(), 4U);  // node 2 and node 4 are neighbours now
  EXPECT_EQ(way(topology, 8 * 2 + 1, 8 * 4 + 1).size(), 4U + 2);
  ASSERT_EQ(topology.notes.size(), 1U);
  const Topology left = build(rails(8, "circuits: 2, repair: false", dead));
  EXPECT_TRUE(left.notes.empty());
  EXPECT_EQ(way(left, 8 * 2, 8 * 4).size(), 4U + 2 + 4);  // not through node 3: another rail, over NVLink
}

}  // namespace
}  // namespace aifsim::topology
