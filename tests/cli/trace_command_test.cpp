// aifsim trace as a script sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/process.hpp"

namespace aifsim::cli {
namespace {

using testing::HasSubstr;

const std::string data = "tests/serving/data/";

Outcome trace(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"trace"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_aifsim(command);
}

TEST(TraceCommand, json_has_the_figures) {
  const Outcome outcome = trace({data + "mooncake.jsonl", "--format", "json", "--cache-blocks", "3"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const auto json = nlohmann::json::parse(outcome.output);
  EXPECT_EQ(json.at("schema"), "aifsim.trace/1");
  EXPECT_EQ(json.at("format"), "mooncake");
  EXPECT_EQ(json.at("requests"), 4);
  EXPECT_EQ(json.at("duration_s"), 4);
  EXPECT_EQ(json.at("input_tokens").at("total"), 5348);
  EXPECT_EQ(json.at("distinct_blocks"), 7);
  EXPECT_DOUBLE_EQ(json.at("infinite_cache_hit_ratio").get<double>(), 5.0 / 12);
  // The second request finds 0 and 1 of the first; the third leaves 4, 5 and 0, so that the fourth finds 0.
  EXPECT_DOUBLE_EQ(json.at("cache_hit_ratio").get<double>(), 3.0 / 12);
  double requests = 0;
  for (const auto& entry : json.at("series")) {
    requests += entry.at("requests_per_s").get<double>() * json.at("series_width_s").get<double>();
  }
  EXPECT_DOUBLE_EQ(requests, 4);
}

TEST(TraceCommand, text_shows_kinds_and_failed_requests) {
  const Outcome outcome = trace({data + "burstgpt.csv"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_THAT(outcome.output, HasSubstr("failed, left out"));
  EXPECT_THAT(outcome.output, HasSubstr("ChatGPT, API log"));
}

TEST(TraceCommand, set_takes_the_keys_of_requests) {
  const Outcome outcome =
      trace({data + "mooncake.jsonl", "--format", "json", "--set", "limit=3", "--set", "rate_scale=5"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_DOUBLE_EQ(nlohmann::json::parse(outcome.output).at("duration_s").get<double>(), 0.5);
}

TEST(TraceCommand, a_generator_is_the_same_twice) {
  const Outcome first = trace({"workloads/requests/chat.yaml", "--format", "json", "--set", "count=50"});
  ASSERT_EQ(first.exit_code, 0) << first.error;
  EXPECT_EQ(nlohmann::json::parse(first.output).at("sessions"), 50);
  EXPECT_EQ(first.output, trace({"workloads/requests/chat.yaml", "--format", "json", "--set", "count=50"}).output);
}

TEST(TraceCommand, check_reads_traces_and_generators) {
  const Outcome outcome = run_aifsim({"check", data + "plain.csv", "workloads/requests/agentic.yaml"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(outcome.output,
            data + "plain.csv: ok (request trace, csv)\nworkloads/requests/agentic.yaml: ok (requests)\n");
}

TEST(TraceCommand, mistakes_name_the_place) {
  const auto error_of = [](std::vector<std::string> arguments) {
    const Outcome outcome = trace(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, "");
    return outcome.error;
  };
  EXPECT_EQ(error_of({"absent.csv"}), "absent.csv: expected a readable file, got no such file\n");
  EXPECT_EQ(error_of({"tests"}), "tests: expected a file, got a directory\n");
  EXPECT_THAT(error_of({data + "x.unknown"}), HasSubstr("expected a request trace (bailian, mooncake, jsonl"));
  EXPECT_THAT(error_of({data + "x.unknown"}), HasSubstr("x.unknown:1:1: expected a request trace"));
  const Scratch scratch;
  const std::string empty = scratch.write("empty.csv", "");
  EXPECT_THAT(error_of({empty}), HasSubstr("empty.csv:1:1: expected a request trace"));
  EXPECT_THAT(error_of({"/dev/null"}), HasSubstr("got an empty file"));
  EXPECT_THAT(error_of({data + "plain.csv", "--set", "limt=3"}), HasSubstr("did you mean \"limit\"?"));
  EXPECT_THAT(error_of({data + "plain.csv", "--cache-blocks", "0"}), HasSubstr("--cache-blocks"));
  EXPECT_THAT(error_of({data + "plain.csv", "--set", "cut.from=1 h"}), HasSubstr("expected requests, got none"));
}

}  // namespace
}  // namespace aifsim::cli
