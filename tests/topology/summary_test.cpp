// What `aifsim topology` reports, against published tables and closed forms.
#include "topology/summary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "topology/export.hpp"
#include "topology/platforms.hpp"

namespace aifsim::topology {
namespace {

std::size_t cables(const Inventory& parts, const std::string& tier) {
  std::size_t count = 0;
  for (const CableCount& entry : parts.cables) count += entry.tier == tier ? entry.count : 0;
  return count;
}

std::size_t devices(const Inventory& parts, const std::string& kind) {
  for (const auto& [name, count] : parts.devices) {
    if (name == kind) return count;
  }
  return 0;
}

struct Cables {
  const char* node;
  int nodes;
  std::size_t node_leaf, leaf_spine, spine_core;
};
class SuperPodCables : public testing::TestWithParam<std::tuple<Cables, const char*>> {};

TEST_P(SuperPodCables, are_the_reference_architectures) {
  const auto& [row, routing] = GetParam();
  const hardware::Platform platform =
      cluster(row.node, row.nodes, std::string("topology: rail-optimized, switch: qm9700, routing: ") + routing);
  const Topology topology = build(platform);
  const Inventory parts = take_inventory(platform, topology);
  EXPECT_EQ(cables(parts, "leaf"), row.node_leaf);
  EXPECT_EQ(cables(parts, "spine"), row.leaf_spine);
  EXPECT_EQ(cables(parts, "core"), row.spine_core);
  const std::size_t links = row.node_leaf + row.leaf_spine + row.spine_core;
  EXPECT_DOUBLE_EQ(parts.transceivers, static_cast<double>(2 * links));
  EXPECT_DOUBLE_EQ(parts.lasers, static_cast<double>(4 * links));
  EXPECT_NEAR(parts.link_failures_per_day, static_cast<double>(links) * 24 / 6e5, 1e-9);
  double switches_of_all = 0;
  for (const SwitchCount& entry : parts.switches) {
    if (entry.tier == "nvswitch") continue;
    EXPECT_EQ(entry.name, "qm9700");
    EXPECT_EQ(entry.ports, 64);
    EXPECT_EQ(entry.count, devices(parts, entry.tier));
    switches_of_all += static_cast<double>(entry.count);
  }
  EXPECT_NEAR(parts.power.in(units::W), switches_of_all * 747 + static_cast<double>(2 * links) * 9, 1e-3);
  EXPECT_NEAR(parts.capex.in(units::usd), switches_of_all * 32870 + static_cast<double>(links) * 1280, 1e-3);
}

// NVIDIA DGX SuperPOD RA H100, table 4 (whose node cables count UFM's four, too), and B200, architecture.
INSTANTIATE_TEST_SUITE_P(
    all, SuperPodCables,
    testing::Combine(testing::Values(Cables{"dgx-h100", 31, 248, 256, 0}, Cables{"dgx-h100", 63, 504, 512, 0},
                                     Cables{"dgx-h100", 95, 760, 768, 0}, Cables{"dgx-h100", 127, 1016, 1024, 0},
                                     Cables{"dgx-b200", 64, 512, 512, 0}, Cables{"dgx-b200", 256, 2048, 2048, 0},
                                     Cables{"dgx-b200", 512, 4096, 4096, 4096}),
                     testing::Values("adaptive", "ecmp")));

const StorageCount& storage(const Inventory& parts, const std::string& kind) {
  const auto found = std::ranges::find(parts.storage, kind, &StorageCount::kind);
  if (found == parts.storage.end()) throw std::out_of_range("no " + kind);
  return *found;
}

// 2 DGX H100: 2 TB of memory and 8 drives of 3.84 TB each (its data sheet), shared storage as the platform file says.
TEST(Inventory, counts_storage_of_nodes_and_cluster) {
  const hardware::Platform platform = shipped("dgx-h100-2-storage");
  const Inventory parts = take_inventory(platform, build(platform));
  EXPECT_EQ(storage(parts, "host-memory").count, 2U);
  EXPECT_EQ(storage(parts, "host-memory").capacity, platform.groups[0].type->host_memory * 2.0);
  EXPECT_EQ(storage(parts, "local-drives").count, 16U);
  EXPECT_NEAR(storage(parts, "local-drives").capacity.in(units::TB), 16 * 3.84, 1e-9);
  EXPECT_EQ(storage(parts, "storage-nic").count, 2U);
  EXPECT_EQ(storage(parts, "storage-nic").name, "connectx7");
  EXPECT_NEAR(storage(parts, "storage-nic").read.in(units::GB_per_s), 100, 1e-9);
  EXPECT_NEAR(storage(parts, "shared-storage").capacity.in(units::TB), 500, 1e-9);
  EXPECT_NEAR(storage(parts, "shared-storage").write.in(units::GB_per_s), 62, 1e-9);
  EXPECT_THROW(static_cast<void>(storage(parts, "dpu")), std::out_of_range);
}

TEST(Inventory, a_dpu_takes_the_storage_nics_place) {
  const hardware::Platform platform = shipped("dgx-h100-2-dpu");
  const Inventory parts = take_inventory(platform, build(platform));
  EXPECT_EQ(storage(parts, "dpu").count, 2U);
  EXPECT_EQ(storage(parts, "dpu").name, "bluefield3");
  EXPECT_THROW(static_cast<void>(storage(parts, "storage-nic")), std::out_of_range);
}

TEST(Inventory, counts_what_is_inside_nodes) {
  const hardware::Platform platform = shipped("gb200-nvl72-8");
  const Inventory parts = take_inventory(platform, build(platform));
  EXPECT_EQ(devices(parts, "gpu"), 576U);
  EXPECT_EQ(devices(parts, "nic"), 576U);
  EXPECT_EQ(devices(parts, "cpu"), 288U);
  EXPECT_EQ(devices(parts, "nvswitch"), 144U);
  EXPECT_EQ(parts.switches[0].tier, "nvswitch");
  EXPECT_EQ(parts.switches[0].count, 144U);
  EXPECT_EQ(cables(parts, "nvswitch"), 576U);
}

double bisection(const hardware::Platform& platform) { return bisection_per_gpu(build(platform)).in(units::GB_per_s); }

TEST(Bisection, of_a_tree_is_its_top_tier) {
  const double nic = 50 * 0.98;
  const std::string rails = "topology: rail-optimized, switch: qm9700, load_balance: 1";
  for (const char* routing : {"adaptive", "ecmp"}) {
    const std::string network = rails + ", routing: " + routing;
    EXPECT_NEAR(bisection(cluster("dgx-h100", 64, network)), nic, 1e-6);
    EXPECT_NEAR(bisection(cluster("dgx-h100", 64, network + ", tiers: [{oversubscription: 3}], unit_nodes: 32")),
                nic * 11 / 32, 1e-6);  // 32 ports down, 11 up
  }
  EXPECT_NEAR(bisection(cluster("dgx-h100", 64, "topology: rail-optimized, switch: qm9700")), nic * 0.95, 1e-6);
}

TEST(Bisection, of_one_node_is_its_nvlink) {
  EXPECT_NEAR(bisection(platform_of("nodes: {type: dgx-h100, count: 1}\n")), 450 * 0.88, 1e-6);
  EXPECT_NEAR(bisection(platform_of("nodes: {type: gb200-nvl72, count: 1}\n")), 900 * 0.88, 1e-6);
  EXPECT_EQ(bisection(platform_of("nodes: {type: dgx-h100, count: 2}\n")), 0);
}

TEST(PathStatistics, of_one_scalable_unit) {
  const PathStatistics paths = walk_all_to_all(build(shipped("dgx-h100-32")));
  EXPECT_FALSE(paths.sampled);
  EXPECT_EQ(paths.pairs, 256U * 255U);
  EXPECT_EQ(paths.diameter_hops, 6U);
  // 7 peers in the node, 31 on the rail, the others over a spine.
  EXPECT_NEAR(paths.mean_hops, (7 * 2 + 31 * 4 + 217 * 6) / 255.0, 1e-12);
  EXPECT_EQ(paths.path_diversity, 4U);
  ASSERT_FALSE(paths.hottest.empty());
  for (const HotChannel& hot : paths.hottest) EXPECT_GE(hot.rate, paths.hottest[0].rate);
  // 248 of 255 bytes leave by the NIC of 49 GB/s; to a spine goes less of it, over cables at 95 %.
  EXPECT_NEAR(paths.hottest[0].rate.in(units::GB_per_s), 50 * 0.98 / (248.0 / 255.0), 0.01);
}

TEST(PathStatistics, samples_agree_with_all_pairs) {
  const Topology topology = build(shipped("dgx-h100-2048"));
  const PathStatistics paths = walk_all_to_all(topology);
  EXPECT_TRUE(paths.sampled);
  EXPECT_EQ(paths.diameter_hops, 8U);
  // GPU 0: 7 in the node, 8 in the rack, 383 * 8 - 8 in the pod, the rest beyond.
  const double exact = (7 * 2 + 8 * 4 + (384 * 8 - 16) * 6 + (16384 - 3072) * 8) / 16383.0;
  EXPECT_NEAR(paths.mean_hops, exact, 0.05);
  EXPECT_NE(topology.fabric.name(paths.hottest[0].channel).find("core"), std::string::npos);  // 1:7
}

TEST(Export, names_every_device_and_channel) {
  const Topology topology = build(cluster("dgx-h100", 2, "topology: fat-tree"));
  const auto lines = [](const std::string& text, const std::string& word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
    return count;
  };
  std::ostringstream dot, graphml;
  write_dot(topology.fabric, dot);
  write_graphml(topology.fabric, graphml);
  EXPECT_EQ(lines(dot.str(), " -> "), topology.fabric.channels().size());
  EXPECT_NE(dot.str().find("\"node0/nic3\" -> \"leaf0\" [medium=\"pluggable-dr4\", bytes_per_s=4.9e+10"),
            std::string::npos);
  EXPECT_EQ(lines(graphml.str(), "<node "), topology.fabric.devices().size());
  EXPECT_EQ(lines(graphml.str(), "<edge "), topology.fabric.channels().size());
}

}  // namespace
}  // namespace aifsim::topology
