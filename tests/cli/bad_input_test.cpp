// Mistakes of users and the exact words they get: exit code 2, nothing on stdout. A new case is a new row.
#include <gtest/gtest.h>

#include <ostream>

#include "cli/process.hpp"

namespace aifsim::cli {
namespace {

const std::string good_platform = "platforms/dgx-h100-32.yaml";
const std::string good_workload =
    "kind: training\nmodel: llama3-8b\nframework: megatron-core\nprecision: bf16\nsequence: 8192\nglobal_batch: 256\n"
    "parallelism: {tp: 1, pp: 1, dp: 256}\nschedule: 1f1b\n";
const std::string some_requests = "requests: {arrivals: all-at-once, count: 5, input: 10, output: 10}\n";
const std::string serving_model = "kind: serving\nmodel: llama3-8b\n";
const std::string serving_engine = serving_model + "engine: {software: vllm, precision: fp8}\n";
const std::string serving = serving_engine + some_requests;
const std::string disaggregated = serving + "prefill: {replicas: 2}\ndecode: {replicas: 2}\n";
const std::string packaged = "kind: serving\npackage: llama3-70b\n" + some_requests;

struct BadArguments {
  std::string name;
  std::vector<std::string> arguments;
  std::string message;  // all of stderr
};
void PrintTo(const BadArguments& bad, std::ostream* out) { *out << bad.name; }

class BadCommandLine : public testing::TestWithParam<BadArguments> {};

TEST_P(BadCommandLine, is_explained) {
  const Outcome outcome = run_aifsim(GetParam().arguments);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(outcome.error, GetParam().message + "\n");
}

const std::vector<BadArguments> bad_command_lines{
#include "cli/bad_command_lines.inc"
};
INSTANTIATE_TEST_SUITE_P(Cases, BadCommandLine, testing::ValuesIn(bad_command_lines),
                         [](const auto& parameter) { return parameter.param.name; });

// A run of `platform` and `workload` with `sets`; DIR/ in the message stands for the scratch directory.
struct BadRun {
  std::string name;
  std::string platform;  // the file's text; empty = a good one
  std::string workload;  // the file's text; empty = a good one
  std::vector<std::string> sets;
  std::string message;
};
void PrintTo(const BadRun& bad, std::ostream* out) { *out << bad.name; }

class BadInput : public testing::TestWithParam<BadRun> {};

std::string without(std::string text, const std::string& directory) {
  for (auto at = text.find(directory); at != std::string::npos; at = text.find(directory))
    text.erase(at, directory.size());
  return text;
}

TEST_P(BadInput, is_explained) {
  const BadRun& bad = GetParam();
  const Scratch scratch;
  const std::string platform = bad.platform.empty() ? good_platform : scratch.write("p.yaml", bad.platform);
  const std::string workload = scratch.write("w.yaml", bad.workload.empty() ? good_workload : bad.workload);
  std::vector<std::string> arguments{"run", platform, workload};
  for (const std::string& set : bad.sets) arguments.insert(arguments.end(), {"--set", set});
  const Outcome outcome = run_aifsim(arguments);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(without(outcome.error, scratch.path() + "/"), bad.message + "\n");
}

const std::vector<BadRun> bad_runs{
#include "cli/bad_runs.inc"
#include "cli/bad_serving_runs.inc"
};
INSTANTIATE_TEST_SUITE_P(Cases, BadInput, testing::ValuesIn(bad_runs),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace aifsim::cli
