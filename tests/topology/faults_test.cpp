// Slow and dead parts: what is left, and which way traffic takes.
#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "topology/faults.hpp"
#include "topology/graph_analysis.hpp"
#include "topology/platforms.hpp"

namespace aifsim::topology {
namespace {

Topology with(const std::string& faults, const std::string& network = "topology: rail-optimized, switch: qm9700",
              int nodes = 64) {
  return build(platform_of("nodes: {type: dgx-h100, count: " + std::to_string(nodes) + "}\nscale_out: {" + network +
                           "}\nfaults: [" + faults + "]\n"));
}

std::vector<std::string> way(const Topology& topology, std::size_t from, std::size_t to, std::uint64_t flow = 0) {
  std::vector<ChannelUse> path;
  topology.routing->append_path(topology.fabric.gpu(from), topology.fabric.gpu(to), flow, path);
  std::vector<std::string> names;
  for (const ChannelUse& use : path) {
    EXPECT_TRUE(topology.alive(use.channel)) << topology.fabric.name(use.channel);
    names.push_back(topology.fabric.name(use.channel));
  }
  return names;
}

double capacity(const Topology& topology, const std::string& name) {
  for (std::size_t i = 0; i < topology.fabric.channels().size(); ++i) {
    if (topology.fabric.name(ChannelId{i}) == name) return topology.fabric.channels()[i].capacity.in(units::GB_per_s);
  }
  return -1;
}

std::string mistake(const std::string& faults, std::size_t from = 0, std::size_t to = 8,
                    const std::string& network = "topology: rail-optimized, switch: qm9700") {
  try {
    const Topology topology = with(faults, network);
    static_cast<void>(way(topology, from, to));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Faults, names_lead_back_to_their_devices) {
  const Topology topology = build(shipped("gb200-nvl72-1"));
  for (std::size_t i = 0; i < topology.fabric.devices().size(); ++i) {
    EXPECT_EQ(topology.fabric.find(topology.fabric.name(DeviceId{i})), DeviceId{i});
  }
  for (const char* wrong :
       {"", "node0", "gpu0", "node0/", "node0/gpu", "node0/gpu4", "leaf99", "node99/gpu0", "node0/gpu1x"}) {
    EXPECT_FALSE(topology.fabric.find(wrong).valid()) << wrong;
  }
}

TEST(Faults, a_slow_gpu_has_its_speed_and_no_other_one) {
  const Topology topology = with("{part: node3/gpu5, factor: 0.9}");
  EXPECT_EQ(topology.speed(topology.fabric.gpu(29)), 0.9);
  EXPECT_EQ(topology.speed(topology.fabric.gpu(28)), 1);
  EXPECT_EQ(topology.speed(topology.fabric.gpu(30)), 1);
  EXPECT_FALSE(topology.dead_channels);
}

TEST(Faults, a_slow_cable_is_slow_both_ways) {
  const Topology topology = with("{part: node0/nic1→leaf1, factor: 0.5}");
  EXPECT_NEAR(capacity(topology, "node0/nic1→leaf1"), 24.5, 1e-9);
  EXPECT_NEAR(capacity(topology, "leaf1→node0/nic1"), 24.5, 1e-9);
  EXPECT_NEAR(capacity(topology, "node1/nic1→leaf1"), 49, 1e-9);
}

TEST(Faults, merged_switches_lose_what_is_dead_of_them) {
  const Topology topology = with("{part: spine0, count: 2, dead: true}, {part: leaf3->spine0, count: 8, dead: true}");
  EXPECT_NEAR(capacity(topology, "leaf0→spine0"), 32 * 49 * 0.95 * 6 / 8, 1e-6);
  EXPECT_NEAR(capacity(topology, "leaf3→spine0"), 32 * 49 * 0.95 * 6 / 8 * 24 / 32, 1e-6);
}

TEST(Faults, a_dead_nic_is_replaced_by_a_neighbour_over_nvlink) {
  const Topology topology = with("{part: node0/nic1, dead: true}");
  const std::vector<std::string> out = way(topology, 1, 8 + 1);
  EXPECT_EQ(out[0], "node0/gpu1→node0/nvswitch0");
  EXPECT_EQ(out[1], "node0/nvswitch0→node0/gpu0");
  EXPECT_EQ(out[2], "node0/gpu0→node0/nic0");
  const std::vector<std::string> back = way(topology, 8 + 1, 1);
  EXPECT_EQ(back.back(), "node0/nvswitch0→node0/gpu1");
  EXPECT_EQ(way(topology, 2, 8 + 2).size(), 4U);
}

TEST(Faults, a_dead_leaf_moves_its_rail_to_another_one) {
  const Topology topology = with("{part: leaf1, dead: true}");
  const std::vector<std::string> names = way(topology, 1, 8 + 1);
  EXPECT_EQ(names[3], "node0/nic0→leaf0");
  const Topology rails = with("{part: leaf1, dead: true}", "topology: rail-only");
  EXPECT_EQ(way(rails, 1, 8 + 1).size(), 8U);
}

TEST(Faults, ecmp_hashes_again_over_what_is_alive) {
  const Topology topology = with("{part: spine3, dead: true}, {part: leaf0→spine5, dead: true}",
                                 "topology: rail-optimized, switch: qm9700, routing: ecmp");
  std::set<std::string> spines;
  for (std::uint64_t flow = 0; flow < 500; ++flow) {
    const std::vector<std::string> names = way(topology, 0, 8 * 40, flow);
    spines.insert(names[2].substr(names[2].find("spine")));
  }
  EXPECT_FALSE(spines.contains("spine3"));
  EXPECT_TRUE(spines.contains("spine4"));
  EXPECT_GE(spines.size(), 6U);
}

TEST(Faults, direct_networks_go_round) {
  const Topology torus = with("{part: leaf0→leaf1, dead: true}", "topology: torus, dims: [8, 8]");
  EXPECT_EQ(way(torus, 0, 8).size(), 4U + 3);  // three steps instead of one
  const Topology planes = with("{part: node0/nic0→leaf0, dead: true}", "topology: dual-plane, switch: qm9700");
  EXPECT_EQ(way(planes, 0, 8).size(), 4U);  // all of it on the second plane
}

Topology during(double seconds, const hardware::Platform& platform) { return build(platform, seconds * units::s); }

hardware::Platform timed(const std::string& faults, const std::string& network) {
  return platform_of("nodes: {type: dgx-h100, count: 4}\nscale_out: {" + network + "}\nfaults: [" + faults + "]\n");
}

TEST(Faults, are_in_force_between_their_times) {
  const hardware::Platform platform =
      timed("{part: node1/nic2, dead: true, at: 2 s, until: 5 s}", "topology: rail-optimized, switch: qm9700");
  EXPECT_FALSE(during(0, platform).dead_channels);
  EXPECT_TRUE(during(2, platform).dead_channels);
  EXPECT_TRUE(during(4.9, platform).dead_channels);
  EXPECT_FALSE(during(5, platform).dead_channels);
  const Topology start = build(platform);
  const std::vector<NetworkChange> changes = changes_in_run(platform, start);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].at, 2 * units::s);
  EXPECT_EQ(changes[0].struck, std::vector<std::size_t>{0});
  EXPECT_TRUE(changes[0].cuts_nics_off);
  EXPECT_FALSE(changes[0].died.empty());
  EXPECT_EQ(changes[1].repaired, std::vector<std::size_t>{0});
  EXPECT_TRUE(changes[1].died.empty());
}

// What a running job can reach between the first GPUs of two nodes when the first one's NIC dies: by routing.
std::string in_run(const std::string& part, const std::string& network, std::size_t from, std::size_t to) {
  const hardware::Platform platform = timed("{part: " + part + ", dead: true, at: 1 s}", network);
  const Topology start = build(platform);
  const std::vector<NetworkChange> changes = changes_in_run(platform, start);
  try {
    return way(changes.at(0).topology, from, to).at(0);
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(Faults, in_run_only_aligned_rails_go_over_another_nic) {
  EXPECT_EQ(in_run("node0/nic0", "topology: rail-optimized, switch: qm9700, routing: rail-aligned", 0, 8),
            "node0/gpu0→node0/nvswitch0");
  for (const char* routing : {"adaptive", "ecmp"}) {
    EXPECT_EQ(in_run("node0/nic0", std::string("topology: rail-optimized, switch: qm9700, routing: ") + routing, 0, 8),
              "test.yaml: faults: expected a path for the connection of node0/gpu0 and node1/gpu0 over node0/nic0 and "
              "node1/nic0, got none that is alive");
  }
  // Elsewhere the same connection stays as it is.
  EXPECT_EQ(in_run("node2/nic0", "topology: rail-optimized, switch: qm9700", 0, 8), "node0/gpu0→node0/nic0");
}

TEST(Faults, in_run_no_connection_leaves_nvlink) {
  EXPECT_EQ(in_run("node0/nvswitch0", "topology: rail-optimized, switch: qm9700", 0, 1),
            "test.yaml: faults: expected a path for the connection of node0/gpu0 and node0/gpu1 over NVLink, got none "
            "that is alive");
}

TEST(Faults, their_times_are_checked) {
  EXPECT_EQ(mistake("{part: leaf0, dead: true, at: 3 s, until: 2 s}"),
            "test.yaml:3:52: faults[0].until: expected a time after `at`, got 2 s");
  EXPECT_NE(mistake("{part: leaf0, dead: true, at: -1 s}").find("at least 0"), std::string::npos);
  EXPECT_NE(mistake("{part: leaf0, dead: true, untill: 1 s}").find("did you mean \"until\""), std::string::npos);
  EXPECT_NE(mistake("{part: leef3, dead: true, at: 1 s}").find("did you mean `leaf3`"), std::string::npos);
}

TEST(Faults, what_cannot_be_reached_is_told) {
  EXPECT_EQ(
      mistake("{part: node1/gpu0, dead: true}"),
      "test.yaml: scale_out.topology: expected a network that joins node0/gpu0 and node1/gpu0, got no path that is "
      "alive");
  EXPECT_EQ(
      mistake("{part: node0/nvswitch0, dead: true}, {part: node0/nic0, dead: true}"),
      "test.yaml: scale_out.topology: expected a network that joins node0/gpu0 and node1/gpu0, got no path that is "
      "alive");
  EXPECT_EQ(
      mistake("{part: ocs0, dead: true}, {part: node0/nvswitch0, dead: true}", 0, 8,
              "topology: ocs-rails, switch: ocs-palomar"),
      "test.yaml: scale_out.topology: expected a network that joins node0/gpu0 and node1/gpu0, got no path that is "
      "alive");
}

TEST(Faults, parts_that_there_are_not_are_told) {
  EXPECT_EQ(mistake("{part: leaf77, dead: true}"),
            "test.yaml: faults[0].part: expected a device or channel of this platform, such as node0/gpu3 or "
            "node0/nic1→leaf1, got \"leaf77\" (did you mean `leaf7`?)");
  EXPECT_EQ(mistake("{part: leaf0→leaf1, dead: true}"),
            "test.yaml: faults[0].part: expected a channel that there is, got \"leaf0→leaf1\"");
  EXPECT_EQ(mistake("{part: spine0, count: 9, dead: true}"),
            "test.yaml: faults[0].part: expected a count of at most 8 for spine0, got 9");
}

}  // namespace
}  // namespace aifsim::topology
