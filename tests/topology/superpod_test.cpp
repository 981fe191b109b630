// Switch counts of NVIDIA's reference architectures, exactly.
#include <gtest/gtest.h>

#include "topology/platforms.hpp"

namespace aifsim::topology {
namespace {

struct Row {
  const char* node;
  const char* network;
  int nodes;
  std::size_t leaf, spine, core;
};

class SuperPod : public testing::TestWithParam<Row> {};

TEST_P(SuperPod, switch_counts_are_the_reference_architectures) {
  const Row& row = GetParam();
  const Topology topology = build(cluster(row.node, row.nodes, row.network));
  EXPECT_EQ(switches(topology, 0), row.leaf);
  EXPECT_EQ(switches(topology, 1), row.spine);
  EXPECT_EQ(switches(topology, 2), row.core);
  EXPECT_EQ(topology.tiers.size(), row.core > 0 ? 3U : 2U);
}

constexpr auto ndr = "topology: rail-optimized, switch: qm9700";
constexpr auto xdr = "topology: rail-optimized, switch: q3400";

// NVIDIA DGX SuperPOD RA H100, network fabrics, table 4 (a slot of each unit is lost to UFM).
INSTANTIATE_TEST_SUITE_P(h100, SuperPod,
                         testing::Values(Row{"dgx-h100", ndr, 31, 8, 4, 0}, Row{"dgx-h100", ndr, 63, 16, 8, 0},
                                         Row{"dgx-h100", ndr, 95, 24, 16, 0}, Row{"dgx-h100", ndr, 127, 32, 16, 0}));
// NVIDIA DGX SuperPOD RA B200, architecture.
INSTANTIATE_TEST_SUITE_P(b200, SuperPod,
                         testing::Values(Row{"dgx-b200", ndr, 64, 16, 8, 0}, Row{"dgx-b200", ndr, 128, 32, 16, 0},
                                         Row{"dgx-b200", ndr, 256, 64, 32, 0}, Row{"dgx-b200", ndr, 512, 128, 128, 64},
                                         Row{"dgx-b200", ndr, 1024, 256, 256, 128},
                                         Row{"dgx-b200", ndr, 2048, 512, 512, 256}));
// NVIDIA DGX SuperPOD RA B300 XDR: units of 72 nodes.
INSTANTIATE_TEST_SUITE_P(b300_xdr, SuperPod,
                         testing::Values(Row{"dgx-b300", xdr, 72, 8, 4, 0}, Row{"dgx-b300", xdr, 144, 16, 8, 0},
                                         Row{"dgx-b300", xdr, 288, 32, 18, 0}, Row{"dgx-b300", xdr, 576, 64, 36, 0},
                                         Row{"dgx-b300", xdr, 1296, 144, 72, 0}));

TEST(SuperPod, routing_does_not_change_the_switches) {
  for (const int nodes : {31, 95, 512}) {
    const std::string network = ndr;
    const Topology merged = build(cluster("dgx-h100", nodes, network + ", routing: adaptive"));
    const Topology separate = build(cluster("dgx-h100", nodes, network + ", routing: ecmp"));
    ASSERT_EQ(merged.tiers.size(), separate.tiers.size());
    std::size_t all = 0;
    for (std::size_t tier = 0; tier < merged.tiers.size(); ++tier) {
      EXPECT_EQ(merged.tiers[tier].switches, separate.tiers[tier].switches);
      all += merged.tiers[tier].switches;
    }
    const auto physical = [](const Fabric& fabric) {
      std::size_t count = 0;
      for (const Device& device : fabric.devices()) {
        const bool tree =
            device.kind == DeviceKind::leaf || device.kind == DeviceKind::spine || device.kind == DeviceKind::core;
        if (tree) count += device.count;
      }
      return count;
    };
    EXPECT_EQ(physical(merged.fabric), all);
    EXPECT_EQ(physical(separate.fabric), all);
  }
}

}  // namespace
}  // namespace aifsim::topology
