// Every file in platforms/ and workloads/ works, and the program says the same twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "cli/process.hpp"

namespace aifsim {
namespace {

namespace fs = std::filesystem;

// The files of a folder of the source tree, not of the folders in it.
std::vector<std::string> yaml_files(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(AIFSIM_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct Scenario {
  std::string workload;
  std::string platform;  // as the workload's comment says
  std::vector<std::string> sets = {};
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.workload; }

const std::vector<Scenario> scenarios{
    {"gpt3-175b-mlperf", "dgx-h100-32"},
    {"llama2-7b-long-context", "dgx-h100-32"},
    {"llama3-405b-gb200", "gb200-nvl72-8"},
    {"llama3-405b-pretrain", "dgx-h100-2048"},
    {"llama3-70b-fsdp", "dgx-h100-32", {"nodes.type=grand-teton-h100-96gb"}},
    {"llama3-70b-nvfp4", "gb200-nvl72-1"},
    {"llama3-8b-dp", "dgx-b200-32"},
    {"megatron-1t", "dgx-a100-32", {"nodes.count=384"}},
    {"mpt-30b-fsdp", "dgx-h100-32"},
    {"mpt-7b-fsdp", "dgx-a100-32"},
    {"nemotron4-340b", "dgx-h100-32"},
    {"qwen2.5-72b", "dgx-h200-64"},
    {"qwen3-32b-jupiter", "jupiter-gh200"},
};

// Serving workloads, with every platform that they are written for (the last one twice).
struct Service {
  std::string workload;
  std::vector<std::string> platforms;
};
void PrintTo(const Service& service, std::ostream* out) { *out << service.workload; }

const std::vector<std::string> every{"dgx-h100-2",    "dgx-h200-2", "dgx-b200-2",
                                     "gb200-nvl72-1", "gh200-8",    "rtx-pro-6000-2"};
const std::vector<std::string> pairs{"dgx-h100-2", "dgx-h200-2", "dgx-b200-2", "gb200-nvl72-1", "rtx-pro-6000-2"};
const std::vector<std::string> large{"dgx-h200-2", "dgx-b200-2", "gb200-nvl72-1", "rtx-pro-6000-2"};
const std::vector<Service> services{
    {"serve-deepseek-r1-disaggregated", large},
    {"serve-deepseek-r1", large},
    {"serve-gpt-oss-120b-disaggregated", every},
    {"serve-gpt-oss-120b", every},
    {"serve-llama3-405b-disaggregated", pairs},
    {"serve-llama3-405b", pairs},
    {"serve-llama3-70b-disaggregated", pairs},
    {"serve-llama3-70b-documents", {"dgx-h100-2-storage", "dgx-h100-2-dpu"}},
    {"serve-llama3-70b-lora", pairs},
    {"serve-llama3-70b-package", every},
    {"serve-llama3-70b-tiers", {"dgx-h100-2", "dgx-h200-2", "dgx-b200-2"}},
    {"serve-llama3-70b", pairs},
    {"serve-llama3-8b-disaggregated", every},
    {"serve-llama3-8b-planned", every},
    {"serve-llama3-8b", every},
    {"serve-nemotron3-super-disaggregated", every},
    {"serve-nemotron3-super", every},
    {"serve-qwen2.5-vl-72b", pairs},
    {"serve-qwen3-235b-disaggregated", every},
    {"serve-qwen3-235b", every},
    {"serve-qwen3-vl-235b", every},
    {"sharegpt-llama3.1-8b-vllm", {"rtx-pro-6000-2"}},
    {"sharegpt-qwen3-32b-vllm", {"rtx-pro-6000-2"}},
};

TEST(Scenarios, cover_every_workload) {
  std::vector<std::string> covered;
  for (const Scenario& scenario : scenarios) covered.push_back(scenario.workload);
  for (const Service& service : services) covered.push_back(service.workload);
  std::sort(covered.begin(), covered.end());
  EXPECT_EQ(covered, yaml_files("workloads"));
}

// A report without what the simulator itself took.
nlohmann::json report_of(const Scenario& scenario, std::string& text) {
  std::vector<std::string> words{"run", "platforms/" + scenario.platform + ".yaml",
                                 "workloads/" + scenario.workload + ".yaml", "--format", "json"};
  for (const std::string& set : scenario.sets) {
    words.push_back("--set");
    words.push_back(set);
  }
  const cli::Outcome outcome = cli::run_aifsim(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  nlohmann::json report = nlohmann::json::parse(outcome.output, nullptr, false);
  text = outcome.output.substr(0, outcome.output.find("\"run_cost\""));
  return report;
}

class EveryScenario : public testing::TestWithParam<Scenario> {};

TEST_P(EveryScenario, runs_and_says_the_same_twice) {
  std::string first;
  std::string second;
  const nlohmann::json report = report_of(GetParam(), first);
  (void)report_of(GetParam(), second);
  EXPECT_EQ(first, second);
  ASSERT_TRUE(report.is_object());
  EXPECT_TRUE(report.contains("run_cost"));
  const nlohmann::json& job = report.at("jobs").at(0);
  const double step = job.at("step_time_s");
  EXPECT_GT(step, 0);
  double exposed = 0;
  for (const auto& [cause, time] : job.at("breakdown").items()) exposed += time.get<double>();
  EXPECT_NEAR(exposed / step, 1, 1e-6);
  EXPECT_GT(job.at("mfu").get<double>(), 0.05);
  EXPECT_LT(job.at("mfu").get<double>(), 0.9);
  EXPECT_FALSE(job.at("bottlenecks").empty());
}

std::string test_name(const testing::TestParamInfo<Scenario>& scenario) {
  std::string name = scenario.param.workload;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Shipped, EveryScenario, testing::ValuesIn(scenarios), test_name);

class EveryService : public testing::TestWithParam<Service> {};

TEST_P(EveryService, answers_on_every_platform_and_says_the_same_twice) {
  std::string first, again;
  for (const std::string& platform : GetParam().platforms) {
    const nlohmann::json report = report_of({GetParam().workload, platform}, first);
    ASSERT_TRUE(report.is_object()) << platform;
    const nlohmann::json& job = report.at("jobs").at(0);
    EXPECT_EQ(job.at("kind"), "serving");
    EXPECT_EQ(job.at("requests").get<int>(), job.at("completed").get<int>() + job.at("rejected").get<int>())
        << platform;
    EXPECT_EQ(job.at("rejected"), 0) << platform;
    EXPECT_GT(job.at("output_tokens_per_s").get<double>(), 0) << platform;
    EXPECT_LE(job.at("ttft_s").at("mean").get<double>(), job.at("e2e_s").at("mean").get<double>()) << platform;
    EXPECT_FALSE(job.at("bottlenecks").empty()) << platform;
  }
  (void)report_of({GetParam().workload, GetParam().platforms.back()}, again);
  EXPECT_EQ(first, again);
}
INSTANTIATE_TEST_SUITE_P(Shipped, EveryService, testing::ValuesIn(services), [](const auto& service) {
  return test_name({Scenario{service.param.workload, ""}, service.index});
});

TEST(Platforms, every_shipped_file_is_sound) {
  std::vector<std::string> words{"check"};
  for (const std::string& name : yaml_files("platforms")) words.push_back("platforms/" + name + ".yaml");
  ASSERT_GT(words.size(), 8U);
  const cli::Outcome outcome = cli::run_aifsim(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
}

// A job of one node runs on every platform: its fabric can be built.
TEST(Platforms, every_shipped_file_runs_a_job) {
  const cli::Scratch scratch;
  const std::string workload =
      scratch.write("job.yaml",
                    "kind: training\nmodel: llama3-8b\nframework: megatron-core\nsequence: 2048\nglobal_batch: 8\n"
                    "precision: bf16\nrecompute: auto\nparallelism: {tp: 4, dp: 2}\n");
  for (const std::string& name : yaml_files("platforms")) {
    const cli::Outcome outcome = cli::run_aifsim({"run", "platforms/" + name + ".yaml", workload, "--format", "json"});
    EXPECT_EQ(outcome.exit_code, 0) << name << '\n' << outcome.error;
    EXPECT_EQ(nlohmann::json::parse(outcome.output, nullptr, false).value("schema", ""), "aifsim.run/1") << name;
  }
}

TEST(Workloads, every_model_and_framework_file_is_sound) {
  std::vector<std::string> words{"check"};
  for (const char* folder :
       {"workloads", "workloads/models", "workloads/frameworks", "workloads/nims", "workloads/requests"}) {
    for (const std::string& name : yaml_files(folder)) words.push_back(std::string(folder) + "/" + name + ".yaml");
  }
  const cli::Outcome outcome = cli::run_aifsim(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
}

}  // namespace
}  // namespace aifsim
