// Networks that cannot be built.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "topology/platforms.hpp"

namespace aifsim::topology {
namespace {

std::string mistake(const std::string& type, int count, const std::string& scale_out) {
  try {
    static_cast<void>(build(cluster(type, count, scale_out)));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

constexpr auto one_port_down = "{ports: 2, port_bandwidth: 400 Gb/s, latency: 1 us, source: x, confidence: estimate}";

TEST(TreeMistake, radix_too_small) {
  EXPECT_EQ(mistake("dgx-h100", 4, std::string("topology: fat-tree, switch: ") + one_port_down),
            "test.yaml: scale_out.switch: expected a switch of more ports for this oversubscription, got custom with 2 "
            "ports at 400 Gb/s");
}

TEST(TreeMistake, radix_too_small_for_the_oversubscription_of_a_higher_tier) {
  EXPECT_EQ(mistake("dgx-h100", 512, "topology: fat-tree, tiers: [{}, {oversubscription: 100}]"), "accepted");
  EXPECT_EQ(
      mistake("dgx-h100", 512, std::string("topology: fat-tree, tiers: [{switch: ") + one_port_down + "}]"),
      "test.yaml: scale_out.tiers[0].switch: expected a switch of more ports for this oversubscription, got custom "
      "with 2 ports at 400 Gb/s");
}

TEST(TreeMistake, ports_that_do_not_split_into_the_nics_rate) {
  EXPECT_EQ(mistake("dgx-h100", 64,
                    "topology: fat-tree, switch: {ports: 64, port_bandwidth: 600 Gb/s, latency: 1 us, source: x, "
                    "confidence: estimate}"),
            "test.yaml: scale_out.switch: expected a switch whose ports split into, or bundle to, the NICs' rate, got "
            "custom with ports of 600 Gb/s for NICs of 400 Gb/s");
}

TEST(TreeMistake, too_many_nodes_in_a_unit) {
  EXPECT_EQ(
      mistake("dgx-h100", 64, "topology: rail-optimized, switch: qm9700, unit_nodes: 40"),
      "test.yaml: scale_out.unit_nodes: expected at most 32 NICs below one qm9700 at this oversubscription, got 40");
}

TEST(TreeMistake, too_many_leaves_in_a_pod) {
  EXPECT_EQ(mistake("dgx-h100", 600, "topology: rail-optimized, switch: qm9700, pod_nodes: 256"),
            "test.yaml: scale_out.pod_nodes: expected a pod of at most 32 leaves below one spine, got 64 leaves");
}

}  // namespace
}  // namespace aifsim::topology
