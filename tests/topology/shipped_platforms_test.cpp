// Every platform file that ships loads, builds, and is what its name says.
#include <gtest/gtest.h>

#include <filesystem>

#include "topology/graph_analysis.hpp"
#include "topology/platforms.hpp"

namespace aifsim::topology {
namespace {

TEST(ShippedPlatforms, load_build_and_are_connected) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(AIFSIM_SOURCE_DIR) + "/platforms")) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path().stem().string());
    const hardware::Platform platform = shipped(entry.path().stem().string());
    const Topology topology = build(platform);
    EXPECT_EQ(topology.fabric.gpu_count(), static_cast<std::size_t>(platform.gpu_count()));
    EXPECT_TRUE(gpus_connected(topology.fabric));
    EXPECT_FALSE(platform.description.empty());
    EXPECT_GE(platform.sources.size(), 3U);
    ++count;
  }
  EXPECT_GE(count, 12U);
}

TEST(ShippedPlatforms, have_the_gpus_their_names_promise) {
  EXPECT_EQ(shipped("dgx-a100-32").gpu_count(), 256);
  EXPECT_EQ(shipped("dgx-h100-2048").gpu_count(), 16384);
  EXPECT_EQ(shipped("gh200-64").gpu_count(), 64);
  EXPECT_EQ(shipped("gb200-nvl72-64").gpu_count(), 4608);
  EXPECT_EQ(shipped("jupiter-gh200").gpu_count(), 4096);
}

TEST(ShippedPlatforms, have_the_diameter_of_their_tree) {
  const auto diameter_of = [](const char* name) {
    const Topology topology = build(shipped(name));
    return diameter(topology.fabric, std::vector{topology.fabric.gpu(0)});
  };
  EXPECT_EQ(diameter_of("dgx-h100-32"), 6U);      // GPU, NIC, leaf, spine, leaf, NIC, GPU
  EXPECT_EQ(diameter_of("dgx-h100-2048"), 8U);    // and through the aggregation layer
  EXPECT_EQ(diameter_of("gb200-nvl72-64"), 10U);  // and through the CPUs at both ends
}

TEST(ShippedPlatforms, resize_from_the_command_line) {
  const std::vector<config::Override> smaller{{"nodes.count", "512"}};
  EXPECT_EQ(shipped("dgx-h100-2048", smaller).gpu_count(), 4096);
}

// Meta's cluster: pods of 3,072 GPUs, one seventh of their bandwidth between them.
TEST(ShippedPlatforms, meta_cluster_is_oversubscribed_between_pods_only) {
  const Topology topology = build(shipped("dgx-h100-2048"));
  ASSERT_EQ(topology.tiers.size(), 3U);
  EXPECT_EQ(topology.tiers[0].switches, 1024U);  // racks
  std::size_t pods = 0;
  for (const Channel& channel : topology.fabric.channels()) {
    const double nic = (50 * 0.98) * 0.95;  // GB/s
    const DeviceKind from = topology.fabric.device(channel.from).kind;
    const DeviceKind to = topology.fabric.device(channel.to).kind;
    if (from == DeviceKind::leaf && to == DeviceKind::spine) {
      EXPECT_NEAR(channel.capacity.in(units::GB_per_s), 16 * nic, 1e-6);
    }
    if (from == DeviceKind::spine && to == DeviceKind::core) {
      EXPECT_NEAR(channel.capacity.in(units::GB_per_s), 3072 * nic / 7, 0.01 * 3072 * nic / 7);
      ++pods;
    }
  }
  EXPECT_EQ(pods, 6U);  // 2,048 of 384 nodes each
}

TEST(ShippedPlatforms, message_latency_is_near_the_measured_one) {
  // DeepSeek-V3 (ISCA'25), table 5, 64 B over InfiniBand: 2.8 us under one leaf, 3.7 us across leaves.
  const Topology topology = build(cluster("dgx-h100", 64, "topology: rail-optimized, switch: qm9700"));
  const auto latency = [&topology](std::size_t to) {
    std::vector<ChannelUse> path;
    topology.routing->append_path(topology.fabric.gpu(0), topology.fabric.gpu(to), 0, path);
    Seconds sum;
    for (const ChannelUse& use : path) sum += topology.fabric.channel(use.channel).latency;
    return sum.in(units::us);
  };
  EXPECT_NEAR(latency(8), 2.8, 0.1);
  EXPECT_NEAR(latency(8 * 32), 3.7, 0.1);
}

}  // namespace
}  // namespace aifsim::topology
