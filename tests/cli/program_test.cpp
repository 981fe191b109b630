// The program as scripts see it: exit codes, and what goes to stdout and stderr.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.hpp"

namespace aifsim::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string platform = "platforms/dgx-h100-32.yaml";
const std::string workload =
    "kind: training\nname: small\nmodel: llama3-8b\nframework: megatron-core\nprecision: bf16\nsequence: "
    "8192\nglobal_batch: 256\n"
    "parallelism: {tp: 2, pp: 2, dp: 64}\nschedule: 1f1b\n";

class Program : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> run_arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"run", platform, workload_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Scratch scratch_;
  std::string workload_ = scratch_.write("w.yaml", workload);
};

TEST_F(Program, run_prints_one_json_object_whose_parts_add_up) {
  const Outcome outcome = run_aifsim(run_arguments({"--format", "json"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(outcome.error, "");
  const json report = json::parse(outcome.output);
  EXPECT_EQ(report["schema"], "aifsim.run/1");
  const json& job = report["jobs"][0];
  const double step = job["step_time_s"];
  EXPECT_GT(step, 0);
  double exposed = 0;
  for (const auto& [cause, time] : job["breakdown"].items()) exposed += time.get<double>();
  EXPECT_NEAR(exposed, step, 1e-9 * step);
  double blame = 0;
  for (const json& entry : job["bottlenecks"]) blame += entry["blame_s"].get<double>();
  EXPECT_NEAR(blame, step, 1e-9 * step);
  for (const json& channel : report["network"]["busiest"]) EXPECT_LE(channel["busy_share"].get<double>(), 1 + 1e-9);
}

TEST_F(Program, the_same_run_gives_the_same_bytes_but_for_its_own_cost) {
  json first = json::parse(run_aifsim(run_arguments({"--format", "json"})).output);
  json second = json::parse(run_aifsim(run_arguments({"--format", "json"})).output);
  first.erase("run_cost");
  second.erase("run_cost");
  EXPECT_EQ(first.dump(), second.dump());
}

TEST_F(Program, requests_csv_and_json_name_adapters) {
  const std::string out = scratch_.path() + "/out";
  const Outcome outcome = run_aifsim({"run", "platforms/dgx-h100-2.yaml", "workloads/serve-llama3-70b-lora.yaml",
                                      "--set", "requests.count=40", "--out", out, "--format", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const json job = json::parse(outcome.output)["jobs"][0];
  EXPECT_EQ(job["adapters"]["requests"], 40);
  EXPECT_GT(job["adapters"]["loads"], 1);
  EXPECT_GT(job["pools"][0]["memory"]["lora adapters"], 1e9);
  const auto blamed = [&](const std::string& begin) {
    return std::ranges::any_of(
        job["bottlenecks"], [&](const json& entry) { return entry["resource"].get<std::string>().starts_with(begin); });
  };
  EXPECT_TRUE(blamed("loading LoRA adapters over node"));
  EXPECT_TRUE(blamed("lora_shrink") && blamed("lora_expand"));
  std::ifstream csv(out + "/requests.csv");
  std::string header, line;
  std::getline(csv, header);
  EXPECT_TRUE(header.ends_with(",adapter")) << header;
  while (std::getline(csv, line)) EXPECT_GT(std::stoi(line.substr(line.rfind(',') + 1)), 0) << line;
  const json without = json::parse(run_aifsim({"run", "platforms/dgx-h100-2.yaml", "workloads/serve-llama3-70b.yaml",
                                               "--set", "requests.count=4", "--format", "json"})
                                       .output)["jobs"][0];
  EXPECT_FALSE(without.contains("adapters"));
}

TEST_F(Program, ideal_is_never_slower) {
  const auto step = [&](const char* network) {
    const Outcome outcome = run_aifsim(run_arguments({"--format", "json", "--network", network}));
    return json::parse(outcome.output)["jobs"][0]["step_time_s"].get<double>();
  };
  EXPECT_LE(step("ideal"), step("fluid") * (1 + 1e-9));
}

TEST_F(Program, out_writes_the_report_and_inputs_that_run_again) {
  const std::string out = scratch_.path() + "/out";
  const Outcome first = run_aifsim(run_arguments({"--format", "json", "--out", out, "--set", "nodes.count=40"}));
  ASSERT_EQ(first.exit_code, 0) << first.error;
  EXPECT_THAT(content_of(out + "/channels.csv"), testing::StartsWith("name,medium,bytes,busy_share\n"));
  EXPECT_THAT(content_of(out + "/platform.yaml"), HasSubstr("40"));
  const json written = json::parse(content_of(out + "/report.json"));
  EXPECT_EQ(written["jobs"].dump(), json::parse(first.output)["jobs"].dump());
  const Outcome again = run_aifsim({"run", out + "/platform.yaml", out + "/workload.yaml", "--format", "json"});
  ASSERT_EQ(again.exit_code, 0) << again.error;
  EXPECT_EQ(json::parse(again.output)["jobs"][0]["step_time_s"], written["jobs"][0]["step_time_s"]);
}

TEST_F(Program, text_has_no_escapes_when_stdout_is_a_file) {
  const Outcome outcome = run_aifsim(run_arguments());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(outcome.output.find('\033'), std::string::npos);
  EXPECT_THAT(outcome.output, HasSubstr("What limits it"));
}

TEST_F(Program, a_job_too_big_for_memory_exits_with_3) {
  const Outcome outcome = run_aifsim({"run", platform, workload_, "--set", "model=llama3-405b"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.error;
  EXPECT_EQ(outcome.output, "");
  EXPECT_THAT(outcome.error, testing::StartsWith("aifsim: "));
}

TEST_F(Program, a_prefix_sends_an_override_to_its_file) {
  const Outcome outcome = run_aifsim(run_arguments({"--format", "json", "--set", "workload:name=renamed"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(json::parse(outcome.output)["jobs"][0]["name"], "renamed");
}

TEST_F(Program, an_override_of_a_key_that_no_file_has_finds_its_reader) {
  const Outcome outcome = run_aifsim(run_arguments({"--set", "recompute=full"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
}

TEST_F(Program, check_says_what_each_file_is) {
  const Outcome outcome = run_aifsim({"check", platform, workload_, "platforms/catalog/gpus/h100-sxm.yaml"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(outcome.output, platform + ": ok (platform)\n" + workload_ +
                                ": ok (workload)\nplatforms/catalog/gpus/h100-sxm.yaml: ok (gpu)\n");
}

TEST_F(Program, every_shipped_file_passes_check) {
  std::vector<std::string> arguments{"check"};
  for (const char* folder : {"platforms", "workloads"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::string(AIFSIM_SOURCE_DIR "/") + folder)) {
      if (entry.path().extension() == ".yaml") arguments.push_back(entry.path().string());
    }
  }
  EXPECT_GT(arguments.size(), 20U);
  const Outcome outcome = run_aifsim(arguments);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.error, "");
}

TEST(ProgramHelp, every_command_has_help_with_an_example) {
  for (const std::string command : {"run", "validate", "check", "list"}) {
    const Outcome outcome = run_aifsim({command, "--help"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.error, "");
    EXPECT_THAT(outcome.output, HasSubstr("Example"));
    EXPECT_THAT(outcome.output, HasSubstr("aifsim " + command));
  }
  EXPECT_THAT(run_aifsim({"run", "--help"}).output, HasSubstr("aifsim help json"));
  EXPECT_THAT(run_aifsim({"help", "json"}).output, HasSubstr("jobs[].step_time_s"));
  EXPECT_THAT(run_aifsim({"--version"}).output, testing::StartsWith("aifsim "));
}

TEST(ProgramList, everything_listable_has_entries) {
  for (const std::string what : {"gpus", "nodes", "media", "models", "topologies", "collectives", "schedules"}) {
    const Outcome outcome = run_aifsim({"list", what});
    EXPECT_EQ(outcome.exit_code, 0) << what << ": " << outcome.error;
    EXPECT_GT(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << what;
  }
}

}  // namespace
}  // namespace aifsim::cli
