// Every topology against the graph it stands for, its closed forms, and the mistakes one can make with it.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.hpp"
#include "topology/graph_analysis.hpp"
#include "topology/platforms.hpp"
#include "topology/summary.hpp"

namespace aifsim::topology {
namespace {

using Path = std::vector<ChannelUse>;

Path path_of(const Topology& topology, std::size_t from, std::size_t to, std::uint64_t flow = 0) {
  Path path;
  topology.routing->append_path(topology.fabric.gpu(from), topology.fabric.gpu(to), flow, path);
  return path;
}

double hops(const Path& path) {
  double sum = 0;
  for (const ChannelUse& use : path) sum += use.multiplicity;
  return sum;
}

// What leaves the source arrives at the destination, and every device between passes on what it gets.
void expect_conserved(const Topology& topology, DeviceId source, DeviceId destination, const Path& path) {
  std::map<DeviceId, double> balance;
  for (const ChannelUse& use : path) {
    const Channel& channel = topology.fabric.channel(use.channel);
    balance[channel.from] -= use.multiplicity;
    balance[channel.to] += use.multiplicity;
    EXPECT_TRUE(topology.alive(use.channel)) << topology.fabric.name(use.channel);
  }
  for (const auto& [device, net] : balance) {
    const double expected = device == source ? -1 : device == destination ? 1 : 0;
    EXPECT_NEAR(net, expected, 1e-9) << topology.fabric.name(device);
  }
}

struct Case {
  const char* name;
  const char* type;
  int nodes;
  std::string network;
  bool minimal = true;  // its routing takes shortest paths
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }

class EveryTopology : public testing::TestWithParam<Case> {};

TEST_P(EveryTopology, routes_are_ways_through_its_graph) {
  const Case& given = GetParam();
  const Topology topology = build(cluster(given.type, given.nodes, given.network));
  ASSERT_TRUE(gpus_connected(topology.fabric));
  const std::size_t gpus = topology.fabric.gpu_count();
  std::uint64_t random = 7;
  for (int i = 0; i < 200; ++i) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const std::size_t from = (random >> 33U) % gpus;
    const std::size_t to = (random >> 13U) % gpus;
    if (from == to) continue;
    const Path path = path_of(topology, from, to, random);
    const DeviceId source = topology.fabric.gpu(from);
    const DeviceId destination = topology.fabric.gpu(to);
    expect_conserved(topology, source, destination, path);
    const std::uint32_t least = hops_between(topology.fabric, *topology.routing, source, destination);
    if (given.minimal) {
      EXPECT_NEAR(hops(path), least, 1e-9) << from << " to " << to;
    } else if (least != unreachable) {  // else only by forwarding through GPUs
      EXPECT_GE(hops(path) + 1e-9, least);
    }
  }
  EXPECT_GT(bisection_per_gpu(topology), BytesPerSecond{});
}

INSTANTIATE_TEST_SUITE_P(
    all, EveryTopology,
    testing::Values(
        Case{"dual_plane_split", "dgx-h100", 40, "topology: dual-plane"},
        Case{"dual_plane_hashed", "dgx-h100", 80, "topology: dual-plane, routing: ecmp"},
        Case{"fat_tree_four_planes", "dgx-h100", 40, "topology: fat-tree, planes: 4"},
        Case{"ring", "dgx-h100", 9, "topology: torus, dims: [9]"},
        Case{"torus_2d", "dgx-h100", 30, "topology: torus, dims: [5, 6], links: 4"},
        Case{"torus_2d_hashed", "dgx-h100", 30, "topology: torus, dims: [5, 6], links: 4, routing: ecmp"},
        Case{"torus_3d", "gh200-node-4x", 64, "topology: torus, dims: [4, 4, 4], links: 2"},
        Case{"torus_3d_sprayed", "gh200-node-4x", 48, "topology: torus, dims: [2, 4, 6], routing: adaptive"},
        Case{"torus_of_racks", "dgx-h100", 16, "topology: torus, dims: [2, 2, 2], unit_nodes: 2"},
        Case{"hyperx", "dgx-h100", 24, "topology: hyperx, dims: [4, 6]"},
        Case{"hyperx_sprayed", "dgx-h100", 24, "topology: hyperx, dims: [2, 3, 4], routing: adaptive, links: 2"},
        Case{"full_mesh", "dgx-h100", 12, "topology: full-mesh, links: 2"},
        Case{"dragonfly", "dgx-h100", 36, "topology: dragonfly, group_switches: 4, global_links: 2", false},
        Case{"dragonfly_hashed", "dgx-h100", 20,
             "topology: dragonfly, group_switches: 4, global_links: 4, routing: ecmp", false},
        Case{"dragonfly_plus", "gh200-node-4x", 64,
             "topology: dragonfly-plus, unit_nodes: 4, group_switches: 4, group_spines: 4, global_links: 6"},
        Case{"dragonfly_plus_hashed", "gh200-node-4x", 64,
             "topology: dragonfly-plus, unit_nodes: 4, group_switches: 4, group_spines: 4, global_links: 6, routing: "
             "ecmp"},
        Case{"rail_only", "dgx-h100", 20, "topology: rail-only", false},
        Case{"rail_only_large_rails", "dgx-h100", 100, "topology: rail-only, unit_nodes: 20", false},
        Case{"rail_aligned", "dgx-h100", 64, "topology: rail-optimized, routing: rail-aligned", false},
        Case{"ocs_ring", "dgx-h100", 12, "topology: ocs-rails, switch: ocs-palomar", false},
        Case{"ocs_chords", "dgx-h100", 32, "topology: ocs-rails, switch: ocs-palomar, circuits: 4", false}),
    [](const auto& row) { return std::string(row.param.name); });

std::vector<std::string> names_of(const Topology& topology, const Path& path) {
  std::vector<std::string> names;
  for (const ChannelUse& use : path) names.push_back(topology.fabric.name(use.channel));
  return names;
}

TEST(RailOnly, forwards_over_nvlink_to_the_rail_of_the_destination) {
  const Topology topology = build(cluster("dgx-h100", 4, "topology: rail-only"));
  EXPECT_EQ(
      names_of(topology, path_of(topology, 1, 8 + 5)),
      (std::vector<std::string>{"node0/gpu1→node0/nvswitch0", "node0/nvswitch0→node0/gpu5", "node0/gpu5→node0/nic5",
                                "node0/nic5→leaf5", "leaf5→node1/nic5", "node1/nic5→node1/gpu5"}));
  EXPECT_EQ(path_of(topology, 5, 8 + 5).size(), 4U);
  EXPECT_EQ(topology.tiers.size(), 1U);
  EXPECT_EQ(topology.tiers[0].switches, 8U);
}

TEST(RailOnly, needs_no_spines_where_a_rail_fits_a_switch) {
  const hardware::Platform tree = cluster("dgx-h100", 64, "topology: rail-optimized, switch: qm9700");
  const hardware::Platform rails = cluster("dgx-h100", 64, "topology: rail-only, switch: qm9700");
  EXPECT_LT(take_inventory(rails, build(rails)).capex * 2, take_inventory(tree, build(tree)).capex);
}

TEST(DualPlane, halves_every_nic_and_the_ports_of_a_switch_double) {
  const Topology topology = build(cluster("dgx-h100", 128, "topology: dual-plane, switch: qm9700"));
  ASSERT_EQ(topology.tiers.size(), 2U);
  EXPECT_EQ(topology.tiers[0].ports, 128);
  EXPECT_EQ(topology.tiers[0].switches, 2U * 16);  // 64 nodes a unit
  const Path path = path_of(topology, 0, 8);
  EXPECT_EQ(path.size(), 2U + 2 * 2);
  for (const ChannelUse& use : path) {
    const Channel& channel = topology.fabric.channel(use.channel);
    if (topology.fabric.device(channel.to).kind != DeviceKind::leaf) continue;
    EXPECT_DOUBLE_EQ(use.multiplicity, 0.5);
    EXPECT_NEAR(channel.capacity.in(units::Gbit_per_s), 200 * 0.98, 1e-9);
  }
}

TEST(Bisection, of_direct_networks_is_their_cut) {
  const auto of = [](const char* type, int nodes, const std::string& network) {
    return bisection_per_gpu(build(cluster(type, nodes, network + ", load_balance: 1"))).in(units::GB_per_s);
  };
  const double cable = 50 * 0.98;
  EXPECT_NEAR(of("dgx-h100", 64, "topology: torus, dims: [4, 16], links: 2"), 2 * 4 * 2 * cable / 256, 1e-6);
  EXPECT_NEAR(of("dgx-h100", 64, "topology: torus, dims: [16, 4], links: 2"), 2 * 4 * 2 * cable / 256, 1e-6);
  EXPECT_NEAR(of("dgx-h100", 16, "topology: full-mesh"), 8 * 8 * cable / 64, 1e-6);
  EXPECT_NEAR(of("dgx-h100", 8, "topology: hyperx, dims: [4, 2]"), 4 * cable / 32, 1e-6);
  // A ring of 200G circuits for each of eight rails, cut twice.
  EXPECT_NEAR(of("dgx-h100", 8, "topology: ocs-rails, switch: ocs-palomar"), 8 * 2 * cable / 2 / 32, 1e-6);
}

TEST(Torus, mean_distance_is_its_closed_form) {
  // 4 x 4: 32 / 15 steps between different switches; 4 more hops to and from the switches. 2 inside a node.
  const Topology topology = build(cluster("dgx-h100", 16, "topology: torus, dims: [4, 4]"));
  const PathStatistics paths = walk_all_to_all(topology);
  EXPECT_EQ(paths.diameter_hops, 4U + 4U);
  EXPECT_NEAR(paths.mean_hops, (7 * 2 + 120 * (4 + 32.0 / 15)) / 127, 1e-9);
}

TEST(EdgeList, joins_nodes_of_several_types) {
  const Topology topology = build(platform_of(R"(
nodes:
  - {type: dgx-h100, count: 2}
  - {type: gh200-node, count: 2}
  - {type: gb200-nvl72, count: 1}
scale_out:
  topology: edge-list
  switches: [{name: west, type: qm9700}, {name: east, type: q3400}, {name: link, type: qm9700}]
  edges:
    - {from: node0-1, to: west}
    - {from: node2-3/nic0, to: west}
    - {from: node4-21, to: east}
    - {from: west, to: link, links: 4, medium: pluggable-fr4}
    - {from: link, to: east, links: 2}
)"));
  ASSERT_TRUE(gpus_connected(topology.fabric));
  EXPECT_EQ(names_of(topology, path_of(topology, 0, 16)),
            (std::vector<std::string>{"node0/gpu0→node0/nic0", "node0/nic0→leaf0", "leaf0→node2/nic0",
                                      "node2/nic0→node2/cpu0", "node2/cpu0→node2/gpu0"}));
  const Path far = path_of(topology, 0, 18);
  EXPECT_EQ(far.size(),
            hops_between(topology.fabric, *topology.routing, topology.fabric.gpu(0), topology.fabric.gpu(18)));
  expect_conserved(topology, topology.fabric.gpu(0), topology.fabric.gpu(18), far);
}

std::string mistake(const std::string& network, int nodes = 32, const std::string& more = {}) {
  try {
    const Topology topology = build(platform_of("nodes: {type: dgx-h100, count: " + std::to_string(nodes) +
                                                "}\nscale_out: {" + network + "}\n" + more));
    static_cast<void>(path_of(topology, 0, topology.fabric.gpu_count() - 1));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(TopologyMistake, sizes_that_do_not_multiply_to_the_nodes) {
  EXPECT_EQ(mistake("topology: torus, dims: [4, 4]"),
            "test.yaml: scale_out.dims: expected sizes that multiply to the 32 switches, got 16");
  EXPECT_EQ(mistake("topology: hyperx, dims: [4, 4, 4], unit_nodes: 2"),
            "test.yaml: scale_out.dims: expected sizes that multiply to the 16 switches of 2 nodes, got 64");
}

TEST(TopologyMistake, too_few_ports) {
  EXPECT_EQ(
      mistake("topology: torus, dims: [4, 8], links: 16"),
      "test.yaml: scale_out.switch: expected a switch of at least 72 ports, got qm9700 with 64 at the NICs' rate");
  EXPECT_EQ(
      mistake("topology: full-mesh, links: 2"),
      "test.yaml: scale_out.switch: expected a switch of at least 70 ports, got qm9700 with 64 at the NICs' rate");
}

TEST(TopologyMistake, groups) {
  EXPECT_EQ(mistake("topology: dragonfly, group_switches: 5, global_links: 2"),
            "test.yaml: scale_out.group_switches: expected a number that divides the 32 switches, got 5");
  EXPECT_EQ(mistake("topology: dragonfly, group_switches: 2, global_links: 1"),
            "test.yaml: scale_out.global_links: expected cables from each group to all 15 others, got 2 of a group");
}

TEST(TopologyMistake, reach) {
  EXPECT_EQ(
      mistake("topology: rail-optimized, medium: dac"),
      "test.yaml: scale_out.medium: expected a medium that reaches 20 m (scale_out.layout.leaf_m), got dac, which "
      "reaches 2 m");
  EXPECT_EQ(mistake("topology: rail-optimized, medium: dac, trunk_medium: aec, layout: {leaf_m: 1.5}"),
            "test.yaml: scale_out.trunk_medium: expected a medium that reaches 50 m (scale_out.layout.spine_m), got "
            "aec, which reaches 7 m");
  EXPECT_EQ(mistake("topology: rail-optimized, medium: dac, trunk_medium: aec, layout: {leaf_m: 1.5, spine_m: 6}"),
            "accepted");
}

TEST(TopologyMistake, optical_rails) {
  EXPECT_EQ(mistake("topology: ocs-rails"),
            "test.yaml: scale_out.switch: expected an optical circuit switch (one with a `turning_time`), got qm9700");
  EXPECT_EQ(mistake("topology: ocs-rails, switch: ocs-palomar, circuits: 3"),
            "test.yaml: scale_out.circuits: expected an even number: every chord has two ends, got 3");
}

TEST(TopologyMistake, edges) {
  const auto of = [](const std::string& edges) {
    return mistake("topology: edge-list, switches: [{name: a, type: qm9700}], edges: [" + edges + "]", 2);
  };
  EXPECT_EQ(of("{from: node0-1, to: a}"), "accepted");
  EXPECT_EQ(
      of("{from: node0, to: b}"),
      "test.yaml: scale_out.edges[0].to: expected a switch's name, or node3, node3/nic1, node0-31, node0-31/nic1, "
      "got \"b\"");
  EXPECT_EQ(of("{from: node0-2, to: a}"),
            "test.yaml: scale_out.edges[0].from: expected nodes up to node1, got \"node0-2\"");
  EXPECT_EQ(of("{from: node0/nic9, to: a}"),
            "test.yaml: scale_out.edges[0].from: expected a NIC that there is, got \"node0/nic9\"");
  EXPECT_EQ(of("{from: node0-1, to: a, links: 9}"),
            "test.yaml: scale_out.switches[0]: expected at most 64 cables at a, got 144");
  EXPECT_EQ(
      of("{from: node0, to: a}"),
      "test.yaml: scale_out.topology: expected a network that joins node0/gpu0 and node1/gpu7, got no path that is "
      "alive");
}

}  // namespace
}  // namespace aifsim::topology
