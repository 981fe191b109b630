// What a report says of exchanges that share their channels.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/process.hpp"

namespace aifsim::cli {
namespace {

// The resources that bound `figure` and are shared, as the JSON report names them.
std::vector<std::string> shared(std::vector<std::string> sets, const std::string& figure) {
  std::vector<std::string> words{"run",
                                 "platforms/gb200-nvl72-1.yaml",
                                 "workloads/serve-llama3-70b-disaggregated.yaml",
                                 "--format",
                                 "json",
                                 "--set",
                                 "requests.rate=14"};
  words.insert(words.end(), sets.begin(), sets.end());
  const Outcome outcome = run_aifsim(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  std::vector<std::string> names;
  double sum = 0;
  const nlohmann::json job = nlohmann::json::parse(outcome.output)["jobs"][0];
  for (const nlohmann::json& entry : job["bottlenecks"]) {
    if (entry["figure"] != figure) continue;
    sum += entry["share"].get<double>();
    const std::string name = entry["resource"];
    if (name.find("shared with") != std::string::npos) names.push_back(name);
  }
  EXPECT_GT(sum, 0.9);
  EXPECT_LT(sum, 1 + 1e-9);
  return names;
}

TEST(ServingSharing, names_the_channel_and_who_is_on_it) {
  const std::vector<std::string> slow{"--set", "transfer.efficiency=0.01"};
  EXPECT_THAT(
      shared(slow, "tpot"),
      testing::ElementsAre(testing::MatchesRegex("exchanges over nvswitch0→node[23]/gpu0 shared with kv transfers")));
  EXPECT_THAT(
      shared(slow, "ttft"),
      testing::ElementsAre(testing::MatchesRegex("exchanges over node[01]/gpu0→nvswitch0 shared with kv transfers")));
}

TEST(ServingSharing, is_not_named_where_it_costs_nothing) {
  EXPECT_TRUE(shared({}, "tpot").empty());
  EXPECT_TRUE(shared({"--set", "transfer.efficiency=0.01", "--network", "ideal"}, "tpot").empty());
}

}  // namespace
}  // namespace aifsim::cli
