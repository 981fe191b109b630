// A node type written in place: what it must say for a fabric to be built of it.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "config/named_file.hpp"
#include "hardware/node_catalog_parts.hpp"

namespace aifsim::hardware {
namespace {

std::string mistake(const std::string& node) {
  try {
    const config::Document document = config::Document::parse("nodes:\n  count: 1\n  type: {" + node + "}\n", "p.yaml");
    static_cast<void>(read_platform(document));
    document.check();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

constexpr auto basics =
    "description: x, source: y, confidence: estimate, host_link: {medium: pcie5-x16, bandwidth: 63 GB/s}, ";
std::string node(const std::string& rest) { return basics + rest; }

TEST(NodeCatalog, takes_a_node_written_in_place) {
  EXPECT_EQ(
      mistake(node("gpu: h100-sxm, gpus: 4, nvlink: {medium: nvlink4-copper}, nics: {type: connectx7, count: 4}")),
      "accepted");
}

struct Mistake {
  const char* name;
  std::string yaml, message;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class NodeMistake : public testing::TestWithParam<Mistake> {};

TEST_P(NodeMistake, is_told) { EXPECT_EQ(mistake(GetParam().yaml), GetParam().message); }

INSTANTIATE_TEST_SUITE_P(
    all, NodeMistake,
    testing::Values(
        Mistake{"nics_do_not_divide",
                node("gpu: h100-sxm, gpus: 8, nvlink: {medium: nvlink4-copper}, nics: {type: connectx7, count: 3}"),
                "p.yaml:3:175: nodes.type.nics: expected a number of NICs that divides the 8 GPUs, got 3"},
        Mistake{"no_way_between_gpus", node("gpu: h100-sxm, gpus: 8"),
                "p.yaml:3:9: nodes.type: expected `nvlink` or `nic_link`, so that the 8 GPUs reach each other, "
                "got neither"},
        Mistake{"unknown_nvlink", node("gpu: h100-sxm, gpus: 8, nvlink: {medium: nvlink4-coper}"),
                "p.yaml:3:152: nodes.type.nvlink.medium: expected one of nvlink3-copper, nvlink4-copper, "
                "nvlink5-copper, nvlink6-copper, pcie4-x16, pcie5-x16, pcie6-x16, c2c, dac, aec, pluggable-dr4, "
                "pluggable-fr4, pluggable-dsp, pluggable-lpo, cpo, cpo-to-nic, ocs-port, cpo-400g, cpo-400g-to-nic, "
                "ocs-200g, got \"nvlink4-coper\" (did you mean "
                "\"nvlink4-copper\"?)"},
        Mistake{"nvlink_without_ports", node("gpu: rtx-pro-6000, gpus: 8, nvlink: {medium: nvlink5-copper}"),
                "p.yaml:3:147: nodes.type.nvlink: expected a GPU with NVLink, or no `nvlink`, got rtx-pro-6000, "
                "which has none"},
        Mistake{"sharp_without_switch", node("gpu: h100-sxm, gpus: 8, nvlink: {medium: nvlink4-copper, sharp: true}"),
                "p.yaml:3:143: nodes.type.nvlink: expected NVLink switches for `sharp`, got none"},
        Mistake{
            "nvlink_groups_do_not_divide",
            node(
                "gpu: h100-sxm, gpus: 8, nvlink: {medium: nvlink4-copper, switches: 4, group: {gpus: 3, switches: 1}}"),
            "p.yaml:3:188: nodes.type.nvlink.group: expected a number of `gpus` that divides the domain's 8, got 3"},
        Mistake{"unknown_nic", node("gpu: h100-sxm, gpus: 1, nics: {type: connectx77, count: 1}"),
                "p.yaml:3:148: nodes.type.nics.type: expected a NIC (a name from platforms/catalog/nics/ or a "
                "map), got \"connectx77\" (did you mean \"connectx7\"?)"},
        Mistake{"no_gpus", node("gpu: h100-sxm, gpus: 0"),
                "p.yaml:3:132: nodes.type.gpus: expected an integer from 1 to 1024, got 0"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(NodeCatalog, all_parts_are_readable) {
  const auto read_all = [](std::string_view folder, auto reader) {
    for (const std::string& name : config::names_in(folder)) {
      const config::Document document = config::Document::parse("x: " + name, "t.yaml");
      EXPECT_FALSE(reader(document.root().required("x")).source.empty()) << name;
      document.check();
    }
  };
  read_all(nics_folder, read_nic);
  read_all(switches_folder, read_switch);
  read_all(cpus_folder, read_cpu);
  read_all(dpus_folder, read_dpu);
}

}  // namespace
}  // namespace aifsim::hardware
