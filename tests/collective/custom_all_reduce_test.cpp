// An inference engine's own kernels within an NVLink domain.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/error.hpp"
#include "collective/toy_cluster.hpp"

namespace aifsim::collective {
namespace {

using namespace units;
using testing::ToyCluster;

double all_reduce_us(const char* architecture, std::size_t ranks, double kibibytes) {
  const ToyCluster cluster({.architecture = architecture,
                            .domain_gpus = ranks,
                            .nvlink = (std::string(architecture) == "hopper" ? 450 : 900) * GB_per_s});
  return cluster
      .time({.operation = Operation::all_reduce,
             .bytes = kibibytes * 1024 * B,
             .groups = cluster.everyone(),
             .algorithm = "custom"})
      .in(us);
}

struct MeasuredAllReduce {
  const char* architecture;
  std::size_t ranks;
  double kibibytes, microseconds;
};
// custom_allreduce_perf of H100 and B200, NVIDIA aiconfigurator commit 095f58a (Apache-2.0), TensorRT-LLM 1.3.0rc20.
constexpr MeasuredAllReduce measured[] = {
    {"hopper", 2, 16, 2.85},      {"hopper", 2, 1024, 6.10},     {"hopper", 4, 64, 3.68},
    {"hopper", 4, 512, 7.92},     {"hopper", 8, 16, 3.56},       {"hopper", 8, 128, 6.20},
    {"hopper", 8, 512, 17.60},    {"hopper", 8, 4096, 51.90},    {"blackwell", 2, 16, 5.22},
    {"blackwell", 2, 2048, 8.02}, {"blackwell", 4, 256, 5.79},   {"blackwell", 4, 2048, 14.58},
    {"blackwell", 8, 16, 5.93},   {"blackwell", 8, 1024, 17.78}, {"blackwell", 8, 4096, 39.42}};

TEST(CustomAllReduce, MeasuredTimes) {
  double sum_of_logs = 0;
  for (const MeasuredAllReduce& row : measured) {
    const double ratio = all_reduce_us(row.architecture, row.ranks, row.kibibytes) / row.microseconds;
    EXPECT_NEAR(ratio, 1, 0.2) << row.architecture << ' ' << row.ranks << ' ' << row.kibibytes << " KiB";
    sum_of_logs += std::log(ratio);
  }
  EXPECT_NEAR(sum_of_logs / std::size(measured), 0, 0.06);
}

TEST(CustomAllReduce, SmallTensorsInOneShotLargeOnesInTwo) {
  const ToyCluster cluster({});
  const auto protocol = [&](double bytes) {
    return cluster
        .plan({.operation = Operation::all_reduce,
               .bytes = bytes * B,
               .groups = cluster.everyone(),
               .algorithm = "custom"})
        .protocol;
  };
  EXPECT_EQ(protocol(16 * 1024), "one-shot");
  EXPECT_EQ(protocol(8 * 1024 * 1024), "two-shot");
}

TEST(CustomAllReduce, NeverBeatsTheLink) {
  const ToyCluster cluster({});
  for (double bytes = 64; bytes < 1e9; bytes *= 3) {
    const Seconds time = cluster.time(
        {.operation = Operation::all_reduce, .bytes = bytes * B, .groups = cluster.everyone(), .algorithm = "custom"});
    EXPECT_GE(time, 2 * 7.0 / 8 * bytes * B / cluster.shape.nvlink);
  }
}

TEST(CustomAllReduce, ServesOneDomainOfUpToEight) {
  const ToyCluster two_domains({.domains = 2});
  const Request across{
      .operation = Operation::all_reduce, .bytes = 1 * MB, .groups = two_domains.everyone(), .algorithm = "custom"};
  EXPECT_FALSE(plan_if_served(across, two_domains.platform, two_domains.topology).has_value());
  const ToyCluster large({.domain_gpus = 16});
  const Request wide{
      .operation = Operation::all_reduce, .bytes = 1 * MB, .groups = large.everyone(), .algorithm = "custom"};
  EXPECT_FALSE(plan_if_served(wide, large.platform, large.topology).has_value());
}

// trtllm_alltoall_perf of GB200 (one-sided NVFP4 dispatch and BF16 combine, hidden 7168, top-8 of 256), same source. A
// token goes once to each rank that has experts of it.
TEST(ExpertNvlink, MeasuredTimes) {
  const auto time = [](std::size_t ranks, double tokens, double element) {
    const ToyCluster cluster({.architecture = "blackwell", .domain_gpus = ranks, .nvlink = 900 * GB_per_s});
    const double n = static_cast<double>(ranks);
    const double copies = n * (1 - std::pow(1 - 1 / n, 8));
    return cluster
        .time({.operation = Operation::all_to_all,
               .bytes = tokens * copies * 7168 * element * B,
               .groups = cluster.everyone(),
               .algorithm = "expert_nvlink"})
        .in(us);
  };
  EXPECT_NEAR(time(4, 64, 0.5625) / 17.0, 1, 0.25);
  EXPECT_NEAR(time(8, 512, 0.5625) / 43.4, 1, 0.25);
  EXPECT_NEAR(time(16, 2048, 0.5625) / 114.6, 1, 0.25);
  EXPECT_NEAR(time(4, 1024, 2) / 80.0, 1, 0.25);
  EXPECT_NEAR(time(4, 64, 2) / 20.3, 1, 0.3);
}

}  // namespace
}  // namespace aifsim::collective
