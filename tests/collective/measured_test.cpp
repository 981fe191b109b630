// Published nccl-tests rows (tests/validation/collectives.csv, sources in the file) against plans on a lone cluster.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "collective/toy_cluster.hpp"

namespace aifsim::collective {
namespace {

using testing::ToyCluster;

struct Row {
  std::string group, gpu, operation;
  std::size_t ranks = 0;
  std::size_t domain = 0;
  double bytes = 0;
  double time_us = 0;
};

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

std::vector<Row> rows() {
  std::ifstream file(std::string(AIFSIM_SOURCE_DIR) + "/tests/validation/collectives.csv");
  std::string line;
  std::getline(file, line);
  std::vector<Row> result;
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = split(line);
    result.push_back({cells.at(1), cells.at(3), cells.at(8), std::stoul(cells.at(4)), std::stoul(cells.at(6)),
                      std::stod(cells.at(10)), std::stod(cells.at(13))});
  }
  return result;
}

struct Hardware {
  const char* prefix;
  const char* architecture;
  double nvlink;  // GB/s in one direction
};
constexpr Hardware hardware_table[]{{"A100", "ampere", 300},     {"H100", "hopper", 450},    {"H200", "hopper", 450},
                                    {"GH200", "hopper", 450},    {"B200", "blackwell", 900}, {"B300", "blackwell", 900},
                                    {"GB200", "blackwell", 900}, {"GB300", "blackwell", 900}};

// NIC rate of one GPU in GB/s, as each row's scale_out column says.
const std::map<std::string, double> nic_rate{
    {"oci-a100-16", 25}, {"cscs-gh200-8", 25}, {"aws-p5-16", 50}, {"nebius-h200-16", 50}, {"cw-gb200-144", 50}};

double simulated_us(const Row& row, std::string& algorithm) {
  const auto* found = std::find_if(std::begin(hardware_table), std::end(hardware_table),
                                   [&](const Hardware& h) { return row.gpu.rfind(h.prefix, 0) == 0; });
  const std::size_t domain = std::max(row.domain, std::min<std::size_t>(row.ranks, 8));
  const bool one = row.ranks <= row.domain;
  const ToyCluster cluster({.architecture = found->architecture,
                            .domains = one ? 1 : row.ranks / row.domain,
                            .domain_gpus = one ? domain : row.domain,
                            .nvlink_sharp = row.domain > 4 && found != hardware_table,
                            .nvlink = found->nvlink * units::GB_per_s,
                            .nic = (nic_rate.contains(row.group) ? nic_rate.at(row.group) : 50) * units::GB_per_s});
  Request request{.bytes = row.bytes * units::B, .groups = cluster.groups(1, row.ranks, 0, 1)};
  request.operation = row.operation == "alltoall" ? Operation::all_to_all : *operation_named(row.operation);
  const CollectivePlan plan = cluster.plan(request);
  algorithm = plan.algorithm + "/" + plan.protocol;
  return lone_time(plan, cluster.topology.fabric).in(units::us);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

TEST(Measured, in_domain_collectives_are_met) {
  std::vector<double> large;
  std::vector<double> small;
  std::vector<double> between;
  for (const Row& row : rows()) {
    std::string algorithm;
    const double simulated = simulated_us(row, algorithm);
    const double error = simulated / row.time_us - 1;
    std::printf("%-28s %3zu ranks %12.0f B  measured %10.1f us  simulated %10.1f us  %+6.1f %%  %s\n",
                row.group.c_str(), row.ranks, row.bytes, row.time_us, simulated, 100 * error, algorithm.c_str());
    if (row.ranks > row.domain)
      between.push_back(std::abs(error));
    else
      (row.bytes >= 1048576 ? large : small).push_back(std::abs(error));
  }
  ASSERT_GE(large.size(), 50U);
  ASSERT_GE(small.size(), 30U);
  ASSERT_GE(between.size(), 10U);
  std::printf("median |error|: %.1f %% from 1 MiB, %.1f %% below, %.1f %% between domains\n", 100 * median(large),
              100 * median(small), 100 * median(between));
  EXPECT_LE(median(large), 0.10);
  EXPECT_LE(median(small), 0.20);
  EXPECT_LE(median(between), 0.15);
}

}  // namespace
}  // namespace aifsim::collective
