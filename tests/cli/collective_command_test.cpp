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
  const Outcome outcome = collective({"--op", "all_reduce", "--ranks", "16", "--sizes", "1M:1G:x32", "--format", "json"});
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
    outputs.push_back(collective({"--op", "all_gather", "--sizes", "64M", "--format", "csv", "--network", network}).output);
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
  for (const std::string sizes : {"", "8:", "8:1G", "8:1G:x1", "8:1G:x", "2M:1M:x2", "-1", "1e3", "1:1T:1", "0"}) {
    refused({"--op", "all_reduce", "--sizes=" + sizes}, "--sizes");
  }
}

}  // namespace
}  // namespace aifsim::cli
