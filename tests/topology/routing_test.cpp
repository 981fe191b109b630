// The routing's arithmetic against the graph it stands for.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/error.hpp"
#include "topology/graph_analysis.hpp"
#include "topology/platforms.hpp"

namespace aifsim::topology {
namespace {

using Path = std::vector<ChannelUse>;

Path path_of(const Topology& topology, std::size_t from, std::size_t to, std::uint64_t flow = 0) {
  Path path;
  topology.routing->append_path(topology.fabric.gpu(from), topology.fabric.gpu(to), flow, path);
  return path;
}

std::vector<std::string> names_of(const Topology& topology, const Path& path) {
  std::vector<std::string> names;
  for (const ChannelUse& use : path) names.push_back(topology.fabric.name(use.channel));
  return names;
}

TEST(Routing, same_rail_in_one_unit_is_one_hop) {
  const Topology topology = build(shipped("dgx-h100-32"));
  EXPECT_EQ(names_of(topology, path_of(topology, 3, 8 * 31 + 3)),
            (std::vector<std::string>{"node0/gpu3→node0/nic3", "node0/nic3→leaf3", "leaf3→node31/nic3",
                                      "node31/nic3→node31/gpu3"}));
  EXPECT_EQ(names_of(topology, path_of(topology, 3, 8 + 4)),
            (std::vector<std::string>{"node0/gpu3→node0/nic3", "node0/nic3→leaf3", "leaf3→spine0", "spine0→leaf4",
                                      "leaf4→node1/nic4", "node1/nic4→node1/gpu4"}));
}

TEST(Routing, one_node_is_nvlink) {
  const Topology topology = build(shipped("dgx-h100-32"));
  EXPECT_EQ(names_of(topology, path_of(topology, 9, 15)),
            (std::vector<std::string>{"node1/gpu1→node1/nvswitch0", "node1/nvswitch0→node1/gpu7"}));
  EXPECT_EQ(topology.routing->nvlink_up(topology.fabric.gpu(9)), path_of(topology, 9, 15)[0].channel);
  EXPECT_EQ(topology.routing->nvlink_down(topology.fabric.gpu(15)), path_of(topology, 9, 15)[1].channel);
  EXPECT_TRUE(path_of(topology, 9, 9).empty());
}

TEST(Routing, superchips_reach_their_nic_through_their_cpu) {
  const Topology topology = build(shipped("gb200-nvl72-8"));
  EXPECT_EQ(names_of(topology, path_of(topology, 0, 71)),
            (std::vector<std::string>{"node0/gpu0→nvswitch0", "nvswitch0→node17/gpu3"}));
  const auto names = names_of(topology, path_of(topology, 3, 72));
  EXPECT_EQ(names[0], "node0/gpu3→node0/cpu1");
  EXPECT_EQ(names[1], "node0/cpu1→node0/nic3");
  EXPECT_EQ(names.back(), "node18/cpu0→node18/gpu0");
}

TEST(Routing, a_mesh_without_switch_is_direct) {
  const Topology topology = build(shipped("jupiter-gh200"));
  for (std::size_t from = 4; from < 8; ++from) {
    for (std::size_t to = 4; to < 8; ++to) {
      if (from == to) continue;
      const Path path = path_of(topology, from, to);
      ASSERT_EQ(path.size(), 1U);
      const Channel& channel = topology.fabric.channel(path[0].channel);
      EXPECT_EQ(channel.from, topology.fabric.gpu(from));
      EXPECT_EQ(channel.to, topology.fabric.gpu(to));
      EXPECT_NEAR(channel.capacity.in(units::GB_per_s), 150 * 0.88, 1e-9);  // 6 links of 25 GB/s
    }
  }
  EXPECT_FALSE(topology.routing->nvlink_up(topology.fabric.gpu(4)).valid());
}

TEST(Routing, a_second_tier_joins_sets_of_nvlink_switches) {
  const Topology topology = build(shipped("dgx-gh200"));
  EXPECT_EQ(path_of(topology, 0, 7).size(), 2U);
  const Path path = path_of(topology, 0, 255);
  EXPECT_EQ(path.size(), 4U);
  EXPECT_TRUE(is_walk(topology.fabric, topology.fabric.gpu(0), topology.fabric.gpu(255), path));
  EXPECT_NEAR(topology.fabric.channel(path[1].channel).capacity.in(units::GB_per_s), 8 * 450 * 0.88, 1e-6);
  EXPECT_EQ(topology.routing->nvlink_domain(topology.fabric.gpu(0)),
            topology.routing->nvlink_domain(topology.fabric.gpu(255)));
  std::size_t chips = 0;
  for (const Device& device : topology.fabric.devices())
    chips += device.kind == DeviceKind::nvswitch ? device.count : 0;
  EXPECT_EQ(chips, 132U);
  const Topology racks =
      build(platform_of("nodes: {type: gb200-nvl576, count: 2}\nscale_out: {topology: rail-optimized}\n"));
  EXPECT_EQ(path_of(racks, 0, 575).size(), 4U);
  EXPECT_EQ(path_of(racks, 3, 576 + 3).size(), 8U);  // by NIC: GPU, CPU, NIC, leaf and back
  for (const auto& [from, to] : {std::pair{5, 700}, std::pair{80, 20}, std::pair{1151, 3}}) {
    const auto source = racks.fabric.gpu(static_cast<std::size_t>(from));
    const auto destination = racks.fabric.gpu(static_cast<std::size_t>(to));
    EXPECT_TRUE(is_walk(racks.fabric, source, destination,
                        path_of(racks, static_cast<std::size_t>(from), static_cast<std::size_t>(to))));
  }
}

TEST(Routing, without_nvlink_every_gpu_is_its_own_domain) {
  const Topology topology = build(cluster("hgx-rtx-pro-6000", 2, "topology: fat-tree"));
  EXPECT_EQ(names_of(topology, path_of(topology, 1, 6)),
            (std::vector<std::string>{"node0/gpu1→node0/cpu0", "node0/cpu0→node0/gpu6"}));
  std::set<std::uint32_t> domains;
  for (std::size_t i = 0; i < 16; ++i) domains.insert(topology.routing->nvlink_domain(topology.fabric.gpu(i)));
  EXPECT_EQ(domains.size(), 16U);
}

TEST(Routing, unjoined_nodes_have_no_path) {
  const Topology topology = build(platform_of("nodes: {type: dgx-h100, count: 2}\n"));
  EXPECT_EQ(path_of(topology, 0, 7).size(), 2U);
  try {
    static_cast<void>(path_of(topology, 0, 8));
    FAIL() << "no ConfigError";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "test.yaml: scale_out.topology: expected a network that joins node0/gpu0 and node1/gpu0, got none");
  }
}

TEST(Routing, hashing_uses_every_spine_and_is_repeatable) {
  const Topology topology = build(cluster("dgx-h100", 64, "topology: rail-optimized, routing: ecmp"));
  std::set<std::string> spines;
  for (std::uint64_t flow = 0; flow < 400; ++flow) {
    const Path path = path_of(topology, 0, 8 * 40, flow);
    spines.insert(topology.fabric.name(topology.fabric.channel(path[2].channel).to));
    EXPECT_EQ(names_of(topology, path), names_of(topology, path_of(topology, 0, 8 * 40, flow)));
  }
  EXPECT_EQ(spines.size(), 8U);
}

std::string random_cluster(std::mt19937& random) {
  const auto pick = [&random](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  static const std::vector<std::string> types{"dgx-a100",    "dgx-h100",         "gh200-node", "gh200-node-4x",
                                              "gb200-nvl72", "hgx-rtx-pro-6000", "gh200-nvl32"};
  static const std::vector<std::string> ratios{"1", "2", "3", "1.5"};
  std::string yaml = "nodes:\n";
  for (std::size_t group = 0; group <= pick(2); ++group) {
    yaml +=
        "  - {type: " + types[pick(types.size())] + ", count: " + std::to_string(1 + pick(9)) + ", nic: connectx7}\n";
  }
  // A small switch makes deep trees of few nodes.
  const std::size_t ports = 8 + 2 * pick(10);
  yaml += "scale_out:\n  topology: " + std::string(pick(2) == 0 ? "fat-tree" : "rail-optimized") +
          "\n  routing: " + (pick(2) == 0 ? "adaptive" : "ecmp") + "\n  tiers: [{oversubscription: " + ratios[pick(4)] +
          "}, {oversubscription: " + ratios[pick(4)] + "}]\n  switch: {ports: " + std::to_string(ports) +
          ", port_bandwidth: 400 Gb/s, latency: 1 us, source: test, confidence: estimate}\n";
  return yaml;
}

TEST(Routing, agrees_with_the_graph_on_random_platforms) {
  std::mt19937 random(2);
  std::size_t deepest = 0;
  for (int round = 0; round < 60; ++round) {
    const std::string yaml = random_cluster(random);
    SCOPED_TRACE(yaml);
    const Topology topology = build(platform_of(yaml));
    const Fabric& fabric = topology.fabric;
    deepest = std::max(deepest, topology.tiers.size());
    ASSERT_TRUE(gpus_connected(fabric));
    std::uniform_int_distribution<std::size_t> gpu(0, fabric.gpu_count() - 1);
    for (int i = 0; i < 30; ++i) {
      const std::size_t from = gpu(random);
      const std::size_t to = gpu(random);
      const Path path = path_of(topology, from, to, random());
      ASSERT_TRUE(is_walk(fabric, fabric.gpu(from), fabric.gpu(to), path)) << from << " to " << to;
      ASSERT_EQ(path.size(), hops_between(fabric, *topology.routing, fabric.gpu(from), fabric.gpu(to)))
          << from << " to " << to;
    }
  }
  EXPECT_GE(deepest, 4U);
}

// What goes into a block of the tree from below and what may leave it are in the ratio that the file asks for.
TEST(Fabric, conserves_capacity_from_tier_to_tier) {
  for (const char* routing : {"adaptive", "ecmp"}) {
    for (const double ratio : {1.0, 2.0, 3.0, 7.0}) {
      const Topology topology =
          build(cluster("dgx-h100", 512,
                        std::string("topology: rail-optimized, load_balance: 1, routing: ") + routing +
                            ", tiers: [{oversubscription: 1}, {oversubscription: " + std::to_string(ratio) + "}]"));
      double access = 0, leaf_up = 0, most = 0;
      std::map<DeviceId, double> spine_down, spine_up;
      for (const Channel& channel : topology.fabric.channels()) {
        const DeviceKind from = topology.fabric.device(channel.from).kind;
        const DeviceKind to = topology.fabric.device(channel.to).kind;
        if (from == DeviceKind::nic && to == DeviceKind::leaf) access += channel.capacity.base();
        if (from == DeviceKind::leaf && to == DeviceKind::spine) leaf_up += channel.capacity.base();
        if (from == DeviceKind::leaf && to == DeviceKind::spine) spine_down[channel.to] += channel.capacity.base();
        if (from == DeviceKind::spine && to == DeviceKind::core) spine_up[channel.from] += channel.capacity.base();
      }
      EXPECT_NEAR(access / leaf_up, 1, 1e-9) << routing;
      ASSERT_FALSE(spine_up.empty());
      for (const auto& [spine, up] : spine_up) most = std::max(most, spine_down.at(spine) / up);
      EXPECT_NEAR(most, ratio, 0.06 * ratio) << routing;  // whole cables; the last pod may be part empty
    }
  }
}

TEST(Fabric, every_channel_has_an_opposite_of_equal_capacity) {
  for (const char* name : {"dgx-h100-32", "jupiter-gh200", "gb200-nvl72-8"}) {
    const Fabric fabric = build(shipped(name)).fabric;
    std::map<std::pair<DeviceId, DeviceId>, double> capacity;
    for (const Channel& channel : fabric.channels()) capacity[{channel.from, channel.to}] += channel.capacity.base();
    for (const auto& [ends, rate] : capacity) {
      EXPECT_GT(rate, 0);
      EXPECT_DOUBLE_EQ(rate, (capacity.at({ends.second, ends.first})));
    }
  }
}

}  // namespace
}  // namespace aifsim::topology
