// A platform file's mistakes, message by message, and what a good file becomes.
#include "hardware/platform.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "hardware/node_catalog_parts.hpp"

namespace aifsim::hardware {
namespace {

Platform read(const std::string& yaml) {
  const config::Document document = config::Document::parse(yaml, "p.yaml");
  Platform platform = read_platform(document);
  document.check();
  return platform;
}

std::string mistake(const std::string& yaml) {
  try {
    static_cast<void>(read(yaml));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

std::string in_scale_out(const std::string& entries) {
  return "nodes: {type: dgx-h100, count: 4}\nscale_out: {topology: fat-tree, " + entries + "}\n";
}

TEST(Platform, reads_a_group) {
  const Platform platform = read("nodes: {type: dgx-h100, count: 4}\nscale_out: {topology: rail-optimized}\n");
  EXPECT_EQ(platform.name, "p");
  EXPECT_EQ(platform.gpu_count(), 32);
  EXPECT_EQ(platform.groups[0].type->gpu->name, "h100-sxm");
  EXPECT_EQ(platform.scale_out.switches.name, "qm9700");  // what a ConnectX-7 is plugged into
  EXPECT_EQ(platform.scale_out.medium, "pluggable-dr4");
  EXPECT_DOUBLE_EQ(platform.scale_out.load_balance, 0.95);
}

TEST(Platform, counts_racks_of_nvl72) { EXPECT_EQ(read("nodes: {type: gb200-nvl72, count: 2}\n").gpu_count(), 144); }

TEST(Platform, reads_several_groups_and_swapped_parts) {
  const Platform platform =
      read("nodes:\n  - {type: dgx-h100, count: 2}\n  - {type: dgx-h100, count: 3, gpu: h200-sxm, nic: connectx6}\n");
  ASSERT_EQ(platform.groups.size(), 2U);
  EXPECT_EQ(platform.groups[1].type->gpu->name, "h200-sxm");
  EXPECT_DOUBLE_EQ(platform.groups[1].type->nic.bandwidth.in(units::Gbit_per_s), 200);
  EXPECT_DOUBLE_EQ(platform.groups[0].type->nic.bandwidth.in(units::Gbit_per_s), 400);
  EXPECT_EQ(platform.gpu_count(), 40);
}

TEST(Platform, a_tier_keeps_the_switch_and_ratio_of_the_last_one_named) {
  const Platform platform =
      read(in_scale_out("switch: qm9700, tiers: [{oversubscription: 2}, {oversubscription: 3, switch: q3400}]"));
  EXPECT_EQ(platform.scale_out.tier_switch(0).name, "qm9700");
  EXPECT_EQ(platform.scale_out.tier_switch(1).name, "qm9700");
  EXPECT_EQ(platform.scale_out.tier_switch(2).name, "q3400");
  EXPECT_EQ(platform.scale_out.tier_switch(5).name, "q3400");
  EXPECT_EQ(platform.scale_out.oversubscription(0), 2);
  EXPECT_EQ(platform.scale_out.oversubscription(9), 3);
}

TEST(Platform, whole_catalogue_is_readable) {
  for (const CatalogEntry& entry : list_nodes()) {
    EXPECT_GT(read("nodes: {type: " + entry.name + ", count: 1}\n").gpu_count(), 0) << entry.name;
    EXPECT_FALSE(entry.summary.empty());
  }
  EXPECT_GE(list_nodes().size(), 15U);
  EXPECT_GE(list_media().size(), 14U);
}

struct Mistake {
  const char* name;
  std::string yaml, message;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class PlatformMistake : public testing::TestWithParam<Mistake> {};

TEST_P(PlatformMistake, is_told) { EXPECT_EQ(mistake(GetParam().yaml), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(
    all, PlatformMistake,
    testing::Values(
        Mistake{"no_nodes", "description: x\n", "p.yaml:1:1: nodes: expected a value, got nothing"},
        Mistake{"unknown_type", "nodes: {type: dgx-h10, count: 4}\n",
                "p.yaml:1:15: nodes.type: expected a node type (a name from platforms/catalog/nodes/ or a map), "
                "got \"dgx-h10\" (did you mean \"dgx-h100\"?)"},
        Mistake{"count_zero", "nodes: {type: dgx-h100, count: 0}\n",
                "p.yaml:1:32: nodes.count: expected an integer from 1 to 10000000, got 0"},
        Mistake{"count_missing", "nodes: {type: dgx-h100}\n", "p.yaml:1:8: nodes.count: expected a value, got nothing"},
        Mistake{"count_fraction", "nodes: {type: dgx-h100, count: 2.5}\n",
                "p.yaml:1:32: nodes.count: expected an integer from 1 to 10000000, got 2.5"},
        Mistake{"no_groups", "nodes: []\n", "p.yaml:1:8: nodes: expected at least one node group, got an empty list"},
        Mistake{"unknown_key", "nodes: {type: dgx-h100, cuont: 4, count: 4}\n",
                "p.yaml:1:25: nodes.cuont: expected a known key, got an unknown key (did you mean \"count\"?)"},
        Mistake{"too_many_gpus", "nodes: {type: dgx-h100, count: 3000000}\n",
                "p.yaml:1:8: nodes: expected at most 20000000 GPUs, got 24000000"},
        Mistake{"gpu_without_nvlink", "nodes: {type: dgx-h100, count: 1, gpu: rtx-pro-6000}\n",
                "p.yaml:1:40: nodes.gpu: expected a GPU with NVLink for dgx-h100, got rtx-pro-6000, which has "
                "none"},
        Mistake{"unknown_gpu", "nodes: {type: dgx-h100, count: 1, gpu: h100-sxn}\n",
                "p.yaml:1:40: nodes.gpu: expected GPU (a name from platforms/catalog/gpus/ or a map), got "
                "\"h100-sxn\" (did you mean \"h100-sxm\"?)"},
        Mistake{"undersubscribed", in_scale_out("tiers: [{oversubscription: 0.5}]"),
                "p.yaml:2:60: scale_out.tiers[0].oversubscription: expected a number from 1 to 1000, got 0.5"},
        Mistake{"unknown_switch", in_scale_out("switch: qm9701"),
                "p.yaml:2:41: scale_out.switch: expected a switch (a name from platforms/catalog/switches/ or a "
                "map), got \"qm9701\" (did you mean \"qm9700\"?)"},
        Mistake{"unknown_topology", "nodes: {type: dgx-h100, count: 4}\nscale_out: {topology: rail-optimised}\n",
                "p.yaml:2:23: scale_out.topology: expected one of none, fat-tree, rail-optimized, rail-only, "
                "dual-plane, torus, hyperx, full-mesh, dragonfly, dragonfly-plus, ocs-rails, edge-list, got "
                "\"rail-optimised\" (did you mean \"rail-optimized\"?)"},
        Mistake{"unknown_routing", in_scale_out("routing: adaptiv"),
                "p.yaml:2:42: scale_out.routing: expected one of adaptive, ecmp, rail-aligned, got \"adaptiv\" (did "
                "you mean "
                "\"adaptive\"?)"},
        Mistake{
            "routing_of_another_topology", in_scale_out("routing: dimension-order"),
            "p.yaml:2:42: scale_out.routing: expected one of adaptive, ecmp, rail-aligned, got \"dimension-order\""},
        Mistake{"key_of_another_topology", in_scale_out("dims: [4]"),
                "p.yaml:2:33: scale_out.dims: expected one of the keys fault_detection, layout, load_balance, medium, "
                "nic_failover, planes, pod_nodes, routing, "
                "switch, tiers, topology, trunk_medium, unit_nodes, got an unknown key"},
        Mistake{"layout_unit", in_scale_out("layout: {leaf_m: 3 m}"),
                "p.yaml:2:50: scale_out.layout.leaf_m: expected a number from 0.1 to 100000, got \"3 m\""},
        Mistake{"fault_of_neither_kind", "nodes: {type: dgx-h100, count: 1}\nfaults: [{part: node0/gpu1}]\n",
                "p.yaml:2:10: faults[0]: expected either `factor` or `dead: true`, got neither"},
        Mistake{"fault_factor", "nodes: {type: dgx-h100, count: 1}\nfaults: [{part: node0/gpu1, factor: 2}]\n",
                "p.yaml:2:37: faults[0].factor: expected a number from 0.001 to 1, got 2"},
        Mistake{"load_balance", in_scale_out("load_balance: 1.5"),
                "p.yaml:2:47: scale_out.load_balance: expected a number from 0.01 to 1, got 1.5"},
        Mistake{"unknown_medium", in_scale_out("medium: pluggable-dr5"),
                "p.yaml:2:41: scale_out.medium: expected one of nvlink3-copper, nvlink4-copper, nvlink5-copper, "
                "nvlink6-copper, pcie4-x16, pcie5-x16, pcie6-x16, c2c, dac, aec, pluggable-dr4, pluggable-fr4, "
                "pluggable-dsp, pluggable-lpo, cpo, cpo-to-nic, ocs-port, cpo-400g, cpo-400g-to-nic, ocs-200g, got "
                "\"pluggable-dr5\" (did you mean "
                "\"pluggable-dr4\"?)"},
        Mistake{
            "bare_number",
            in_scale_out("switch: {ports: 64, port_bandwidth: 400, latency: 200 ns, source: x, confidence: estimate}"),
            "p.yaml:2:69: scale_out.switch.port_bandwidth: expected a bandwidth with unit, such as \"400 "
            "Gb/s\", got 400 (did you mean \"400 Gb/s\"?)"},
        Mistake{"wrong_unit",
                in_scale_out(
                    "switch: {ports: 64, port_bandwidth: 400 Gbps, latency: 200 ns, source: x, confidence: estimate}"),
                "p.yaml:2:69: scale_out.switch.port_bandwidth: expected a bandwidth with unit, such as \"400 "
                "Gb/s\", got \"400 Gbps\" (did you mean \"400 Gb/s\"?)"},
        Mistake{
            "confidence",
            in_scale_out("switch: {ports: 64, port_bandwidth: 400 Gb/s, latency: 200 ns, source: x, confidence: sure}"),
            "p.yaml:2:119: scale_out.switch.confidence: expected one of published, derived, estimate, "
            "recalled, got \"sure\""},
        Mistake{"one_port",
                in_scale_out(
                    "switch: {ports: 1, port_bandwidth: 400 Gb/s, latency: 200 ns, source: x, confidence: estimate}"),
                "p.yaml:2:49: scale_out.switch.ports: expected an integer from 2 to 65536, got 1"},
        Mistake{"pod_zero", in_scale_out("pod_nodes: 0"),
                "p.yaml:2:44: scale_out.pod_nodes: expected an integer from 1 to 10000000, got 0"},
        Mistake{"nan", in_scale_out("load_balance: .nan"),
                "p.yaml:2:47: scale_out.load_balance: expected a number from 0.01 to 1, got .nan"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace aifsim::hardware
