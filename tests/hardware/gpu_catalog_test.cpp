#include <gtest/gtest.h>

#include <set>

#include "config/node.hpp"
#include "hardware/gpu_spec_reader.hpp"
#include "hardware/operator_cost.hpp"
#include "hardware/platform.hpp"

namespace aifsim::hardware {
namespace {

using namespace units;

GpuSpec gpu_named(const std::string& name) {
  const config::Document document = config::Document::parse("gpu: " + name, "test.yaml");
  const std::shared_ptr<const GpuSpec> gpu = read_gpu(document.root().required("gpu"));
  document.check();
  return *gpu;
}

TEST(GpuCatalog, EveryFileLoads) {
  std::set<std::string> names;
  for (const CatalogEntry& entry : list_gpus()) names.insert(entry.name);
  for (const char* needed :
       {"a100-sxm-40gb", "a100-sxm-80gb", "h100-sxm", "h100-sxm-96gb", "h200-sxm", "h20", "h800", "gh200-96gb",
        "gh200-144gb", "b200-sxm", "b300-sxm", "gb200", "gb300", "vr200", "rtx-pro-6000"})
    EXPECT_TRUE(names.contains(needed)) << needed;
}

TEST(GpuCatalog, EveryGpuNamesItsSourcesAndPricesWhatItSupports) {
  for (const CatalogEntry& entry : list_gpus()) {
    SCOPED_TRACE(entry.name);
    const GpuSpec gpu = gpu_named(entry.name);
    EXPECT_FALSE(gpu.source.empty());
    EXPECT_FALSE(gpu.kernels.source.empty());
    EXPECT_EQ(gpu.kernels.derived_from.empty(), gpu.kernels.derived_because.empty());
    EXPECT_GT(gpu.memory, 10 * GiB);
    EXPECT_LT(gpu.idle_power, gpu.power);
    EXPECT_TRUE(supports(gpu, Precision::bf16));
    for (const auto& [precision, peak] : gpu.dense_peak) EXPECT_TRUE(gpu.kernels.gemm.contains(precision));
  }
}

TEST(GpuCatalog, PublishedFigures) {
  const GpuSpec h100 = gpu_named("h100-sxm");
  EXPECT_DOUBLE_EQ(h100.dense_peak.at(Precision::bf16).in(TFLOP_per_s), 989.4);
  EXPECT_DOUBLE_EQ(h100.memory_bandwidth.in(GB_per_s), 3350);
  EXPECT_DOUBLE_EQ(h100.nvlink.in(GB_per_s), 450);
  EXPECT_FALSE(supports(h100, Precision::nvfp4));
  EXPECT_DOUBLE_EQ(gpu_named("gb200").dense_peak.at(Precision::nvfp4).in(TFLOP_per_s), 10000);
}

TEST(GpuCatalog, OnlyMeasuredGpusClaimTheirOwnTable) {
  for (const char* measured : {"h100-sxm", "h200-sxm", "b200-sxm", "gb200"})
    EXPECT_EQ(gpu_named(measured).kernels.derived_from, "") << measured;
  EXPECT_EQ(gpu_named("a100-sxm-80gb").kernels.derived_from, "h100-sxm");
  EXPECT_EQ(gpu_named("gh200-96gb").kernels.derived_from, "h100-sxm");
  EXPECT_EQ(gpu_named("gb300").kernels.derived_from, "gb200");
  EXPECT_EQ(gpu_named("vr200").kernels.derived_from, "gb200");
}

TEST(GpuCatalog, UnknownNameIsTheUsersMistake) {
  const config::Document document = config::Document::parse("gpu: h10O-sxm", "test.yaml");
  ASSERT_NE(read_gpu(document.root().required("gpu")), nullptr);
  ASSERT_EQ(document.problems().size(), 1U);
  EXPECT_NE(document.problems().front().message().find("h100-sxm"), std::string::npos)
      << document.problems().front().message();
}

// What `change` does to a valid file must be one problem that names `key`.
void expect_problem(const std::string& key, const std::string& value) {
  const std::vector<config::Override> change{{key, value}};
  const config::Document document = config::Document::load(catalog_directory() + "/gpus/h100-sxm.yaml", change);
  static_cast<void>(read_gpu_spec(document.root(), "changed"));
  ASSERT_EQ(document.problems().size(), 1U) << key;
  EXPECT_NE(document.problems().front().message().find(key.substr(0, key.find('.'))), std::string::npos)
      << document.problems().front().message();
}

TEST(GpuCatalog, MistakesInAFileAreNamed) {
  expect_problem("memory", "80");
  expect_problem("memory_bandwidth", "-1 GB/s");
  expect_problem("dense_peak.bf16", "0 TFLOP/s");
  expect_problem("dense_peak.bf17", "1 TFLOP/s");
  expect_problem("dense_peak.nvfp4", "4000 TFLOP/s");
  expect_problem("streaming_multiprocessors", "0");
  expect_problem("confidence", "certain");
  expect_problem("kernels.table", "h101-sxm");
  expect_problem("kernels.scale", "{memory: 0.9}");
  expect_problem("cuda_cores", "1");
}

}  // namespace
}  // namespace aifsim::hardware
