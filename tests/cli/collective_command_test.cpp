// aifsim collective as a script sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "process.hpp"

namespace aifsim::cli {
namespace {

using testing::HasSubstr;

Outcome collective(std::vector<std::string> more) {
  std::vector<std::string> arguments{"collective", "platforms/dgx-h100-32.yaml"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_aifsim(arguments);
}

TEST(CollectiveCommand, json_has_a_row_for_each_size) {
  const Outcome outcome =
      collective({"--op", "all_reduce", "--ranks", "16", "--sizes", "1M:1G:x32", "--format", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.output);
  ASSERT_EQ(json.at("rows").size(), 3U);
  for (const auto& row : json.at("rows")) {
    const double algorithm = row.at("bytes").get<double>() / row.at("time_us").get<double>() / 1e3;
    EXPECT_NEAR(row.at("algbw_GBps").get<double>(), algorithm, 1e-6 * algorithm);
    EXPECT_NEAR(row.at("busbw_GBps").get<double>(), algorithm * 2 * 15 / 16, 1e-6 * algorithm);
    EXPECT_FALSE(row.at("algorithm").get<std::string>().empty());
    EXPECT_FALSE(row.at("bottleneck").get<std::string>().empty());
  }
  EXPECT_GT(json.at("run_cost").at("cpu_s").get<double>(), 0);
  EXPECT_GT(json.at("run_cost").at("peak_rss_bytes").get<double>(), 1e6);
}

TEST(CollectiveCommand, networks_agree_on_a_lone_collective) {
  std::vector<std::string> outputs;
  for (const std::string network : {"fluid", "simgrid", "ideal"}) {
    outputs.push_back(
        collective({"--op", "all_gather", "--sizes", "64M", "--format", "csv", "--network", network}).output);
  }
  EXPECT_THAT(outputs.front(), HasSubstr("67108864,16777216,float,none,"));
  EXPECT_EQ(outputs[0].substr(0, outputs[0].rfind("GBps")), outputs[1].substr(0, outputs[1].rfind("GBps")));
  const auto times = [](const std::string& csv) { return csv.substr(0, csv.rfind(",ring")); };
  EXPECT_EQ(times(outputs[0]), times(outputs[1]));
  EXPECT_EQ(times(outputs[0]), times(outputs[2]));
}

TEST(CollectiveCommand, text_has_the_columns_of_nccl_tests) {
  const Outcome outcome = collective({"--op", "alltoall", "--sizes", "1M:3M:1M"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  for (const char* title : {"size", "count", "type", "redop", "time_us", "algbw_GBps", "busbw_GBps", "bottleneck"}) {
    EXPECT_THAT(outcome.output, HasSubstr(title));
  }
  EXPECT_THAT(outcome.output, HasSubstr("3145728"));
}

double time_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--sizes", "1G", "--format", "json"});
  const Outcome outcome = collective(std::move(arguments));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.output, nullptr, false);
  return json.is_discarded() ? 0 : json.at("rows").at(0).at("time_us").get<double>();
}

TEST(CollectiveCommand, imbalance_sets_the_pace) {
  const double even = time_of({"--op", "all_to_all_v"});
  EXPECT_NEAR(time_of({"--op", "all_to_all_v", "--imbalance", "3"}), 3 * even, 0.1 * even);
  EXPECT_NEAR(time_of({"--op", "alltoallv", "--ranks", "16", "--imbalance", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}),
              time_of({"--op", "all_to_all_v", "--ranks", "16"}), 1e-6 * even);
  EXPECT_GT(time_of({"--op", "moe_dispatch", "--imbalance", "2"}), 1.5 * time_of({"--op", "moe_combine"}));
}

TEST(CollectiveCommand, switches_reduce_only_when_they_may) {
  const double without = time_of({"--op", "all_reduce"});
  EXPECT_LT(time_of({"--op", "all_reduce", "--collnet"}), without);
  EXPECT_EQ(time_of({"--op", "all_reduce", "--collnet", "--set", "scale_out.switch=sn5600"}),
            time_of({"--op", "all_reduce", "--set", "scale_out.switch=sn5600"}));
}

TEST(CollectiveCommand, an_algorithm_may_be_a_file) {
  EXPECT_GT(
      time_of({"--op", "all_gather", "--ranks", "16", "--algorithm", "workloads/collectives/rail-all-gather-16.yaml"}),
      0);
  const Outcome check = run_aifsim({"check", "workloads/collectives/recursive-doubling-8.yaml"});
  EXPECT_EQ(check.output, "workloads/collectives/recursive-doubling-8.yaml: ok (collective algorithm)\n");
}

TEST(CollectiveCommand, an_unfolded_ring_is_the_ring) {
  const double folded = time_of({"--op", "all_reduce", "--algorithm", "ring"});
  EXPECT_NEAR(time_of({"--op", "all_reduce", "--algorithm", "ring", "--unfolded"}), folded, 1e-6 * folded);
}

TEST(CollectiveCommand, mistakes_name_what_is_expected) {
  const auto refused = [](std::vector<std::string> arguments, const char* message) {
    const Outcome outcome = collective(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr(message));
  };
  refused({"--op", "allreduce"}, "did you mean `all_reduce`?");
  refused({"--op", "all_reduce", "--ranks", "257"}, "at most the platform's 256 GPUs, got 257");
  refused({"--op", "all_reduce", "--ranks", "1"}, "--ranks");
  refused({"--op", "all_reduce", "--algorithm", "rign"}, "did you mean `ring`?");
  refused({"--op", "broadcast", "--algorithm", "ring"}, "one that can do this broadcast");
  refused({"--op", "all_reduce", "--set", "nodes.cuont=2"}, "did you mean \"count\"?");
  refused({"--op", "all_reduce", "--algorithm", "sharp", "--set", "scale_out.switch=sn5600"},
          "expected one that can do");
  refused({"--op", "all_reduce", "--algorithm", "tree", "--unfolded"}, "expected algorithm ring or chain");
  refused({"--op", "all_gather", "--algorithm", "workloads/collectives/rail-all-gather-16.yaml"},
          "expected the 16 ranks that rail-all-gather-16 is for, got 256");
  refused({"--op", "all_reduce", "--algorithm", "nowhere.yaml"}, "nowhere.yaml");
  refused({"--op", "all_to_all", "--imbalance", "2"}, "expected --op all_to_all_v");
  for (const std::string imbalance : {"0.5", "300", "1,2", "-1", "nan", "x", "2,"}) {
    refused({"--op", "all_to_all_v", "--imbalance=" + imbalance}, "--imbalance: expected a factor from 1");
  }
  for (const std::string sizes : {"", "8:", "8:1G", "8:1G:x1", "8:1G:x", "2M:1M:x2", "-1", "1e3", "1:1T:1", "0"}) {
    refused({"--op", "all_reduce", "--sizes=" + sizes}, "--sizes");
  }
}

}  // namespace
}  // namespace aifsim::cli
