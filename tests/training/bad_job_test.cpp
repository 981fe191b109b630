// Every mistake in a training workload, with the whole message a user sees.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "training/job_case.hpp"

namespace aifsim::training {
namespace {

// A sound workload, one key a line.
const std::vector<std::string> sound{
    "kind: training",           "model: {layers: 8, hidden: 512, ffn_hidden: 1024, heads: 8, vocab: 1000}",
    "framework: megatron-core", "sequence: 1024",
    "global_batch: 64",         "micro_batch: 1",
    "precision: bf16",          "parallelism: {tp: 2, pp: 2, dp: 4}"};

struct Case {
  std::string lines;    // each replaces its namesake of the sound workload; "-key" takes it away
  std::string message;  // after "workload.yaml:"
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.lines; }

std::string key_of(const std::string& line) { return line.substr(0, line.find(':')); }

void change(std::vector<std::string>& workload, const std::string& line) {
  const bool removes = line.front() == '-';
  const std::string key = removes ? line.substr(1) : key_of(line);
  const auto known =
      std::find_if(workload.begin(), workload.end(), [&](const auto& other) { return key_of(other) == key; });
  if (removes) {
    workload.erase(known);
  } else if (known != workload.end()) {
    *known = line;
  } else {
    workload.push_back(line);
  }
}

std::string workload_with(const std::string& lines) {
  std::vector<std::string> workload = sound;
  std::istringstream changes(lines);
  for (std::string line; std::getline(changes, line);) change(workload, line);
  std::string yaml;
  for (const std::string& line : workload) yaml += line + '\n';
  return yaml;
}

const hardware::Platform& platform() {
  static const hardware::Platform two_nodes =
      test::platform_of("nodes: {type: dgx-h100, count: 2}\nscale_out: {topology: rail-optimized, switch: qm9700}\n");
  return two_nodes;
}

std::string problems_of(const std::string& yaml) {
  try {
    (void)test::job_of(yaml, &platform());
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

class BadJob : public testing::TestWithParam<Case> {};

TEST_P(BadJob, IsExplained) {
  EXPECT_EQ(problems_of(workload_with(GetParam().lines)), "workload.yaml:" + GetParam().message);
}

TEST(GoodJob, HasNoProblems) { EXPECT_EQ(problems_of(workload_with("name: fine")), ""); }

TEST(GoodJob, TakesAllGpusWhenDpIsNotSaid) {
  const TrainingJob job = test::job_of(workload_with("parallelism: {tp: 2, pp: 2}"), &platform());
  EXPECT_EQ(job.plan.dp, 4);
  EXPECT_EQ(job.micro_batches(), 16);
  EXPECT_EQ(job.tokens_per_step(), 64 * 1024);
  EXPECT_EQ(job.layers_per_slot, (std::vector<int>{4, 4}));
  EXPECT_EQ(job.schedule->name, "1f1b");
}

TEST(GoodJob, InterleavesWhenThereAreChunks) {
  const TrainingJob job = test::job_of(workload_with("parallelism: {pp: 2, vp: 2}"), &platform());
  EXPECT_EQ(job.schedule->name, "interleaved");
  EXPECT_EQ(job.layers_per_slot.size(), 4U);
}

const std::vector<Case> bad_values{
    {"-kind", "1:1: kind: expected a value, got nothing"},
    {"kind: trainign", "1:7: kind: expected one of training, serving, got \"trainign\" (did you mean \"training\"?)"},
    {"-model", "1:1: model: expected a value, got nothing"},
    {"model: llama3-80b",
     "2:8: model: expected a model (a name from workloads/models/ or a map), got \"llama3-80b\" (did you mean "
     "\"llama3-70b\"?)"},
    {"framework: megatron",
     "3:12: framework: expected a framework (a name from workloads/frameworks/ or a map), got \"megatron\""},
    {"sequence: 0", "4:11: sequence: expected an integer from 1 to 100000000, got 0"},
    {"sequence: .nan", "4:11: sequence: expected an integer from 1 to 100000000, got .nan"},
    {"sequence: 8k", "4:11: sequence: expected an integer from 1 to 100000000, got \"8k\""},
    {"sequence: 1024.5", "4:11: sequence: expected an integer from 1 to 100000000, got 1024.5"},
    {"global_batch: -64", "5:15: global_batch: expected an integer from 1 to 1000000000, got -64"},
    {"global_batch: 64 GB", "5:15: global_batch: expected an integer from 1 to 1000000000, got \"64 GB\""},
    {"global_batch: 1e3",
     "5:15: global_batch: expected an integer from 1 to 1000000000, got 1e3 (did you mean \"1000\"?)"},
    {"micro_batch: 0", "6:14: micro_batch: expected an integer from 1 to 1000000000, got 0"},
    {"precision: fp16",
     "7:12: precision: expected one of fp64, fp32, tf32, bf16, fp8, mxfp8, nvfp4, mxfp4, got \"fp16\""},
    {"precision: nvfp4",
     "7:12: precision: expected a precision that h100-sxm computes in (fp64, fp32, tf32, bf16, fp8), got nvfp4"},
    {"gradient_precision: 32",
     "9:21: gradient_precision: expected one of fp64, fp32, tf32, bf16, fp8, mxfp8, nvfp4, mxfp4, got 32"},
    {"recompute: some", "9:12: recompute: expected one of none, selective, full, auto, got \"some\""},
    {"schedule: 1f1n",
     "9:11: schedule: expected one of 1f1b, interleaved, gpipe, got \"1f1n\" (did you mean \"1f1b\"?)"},
    {"nvls: maybe", "9:7: nvls: expected true or false, got \"maybe\""},
    {"overlap: {gradient_reduce: 1}",
     "9:28: overlap.gradient_reduce: expected true or false, got 1 (did you mean \"true\"?)"},
    {"overlap: {gradient_reduse: true}",
     "9:11: overlap.gradient_reduse: expected a known key, got an unknown key (did you mean \"gradient_reduce\"?)"},
    {"overlap: [gradient_reduce]", "9:10: overlap: expected a map, got a list"},
    {"paralelism: {tp: 2}",
     "9:1: paralelism: expected a known key, got an unknown key (did you mean \"parallelism\"?)"},
    {"placement: {gpus_per_domain: 0}",
     "9:30: placement.gpus_per_domain: expected an integer from 1 to 1000000000, got 0"},
    {"placement: {gpus_per_doman: 4}",
     "9:13: placement.gpus_per_doman: expected a known key, got an unknown key (did you mean \"gpus_per_domain\"?)"},
    {"framework: {source: mine, launch_gap: 6}",
     "3:39: framework.launch_gap: expected a time with unit, such as \"500 ns\", got 6 (did you mean \"6 s\"?)"},
    {"framework: {source: mine, communication_steal: 1.5}",
     "3:48: framework.communication_steal: expected a number from 0 to 0.9, got 1.5"},
    {"framework: {source: mine, launch_gap: -6 us}",
     "3:39: framework.launch_gap: expected a time of at least 0, got \"-6 us\""},
    {"framework: {launch_gap: 6 us}", "3:12: framework.source: expected a value, got nothing"},
};
INSTANTIATE_TEST_SUITE_P(Value, BadJob, testing::ValuesIn(bad_values));

const std::vector<Case> bad_plans{
    {"parallelism: {tp: 3, dp: 1}",
     "8:19: parallelism.tp: expected a divisor of the model's heads (8), got 3\nworkload.yaml:8:19: parallelism.tp: "
     "expected a divisor of the model's ffn_hidden (1024), got 3"},
    {"parallelism: {tp: 16, dp: 1}", "8:19: parallelism.tp: expected a divisor of the model's heads (8), got 16"},
    {"parallelism: {cp: 3, dp: 1}", "8:19: parallelism.cp: expected a divisor of the sequence (1024), got 3"},
    {"parallelism: {tp: 2, pp: 2, dp: 8}",
     "8:14: parallelism: expected at most the 16 GPUs of the platform, got 32 ranks (tp 2 x pp 2 x cp 1 x dp 8) (add "
     "nodes with --set nodes.count=… or shrink a degree)"},
    {"parallelism: {tp: 65536, pp: 65536}",
     "8:14: parallelism: expected at most 100 million ranks and a million pipeline slots, got tp 65536 x pp 65536 x cp "
     "1 x dp 1, vp 1"},
    {"parallelism: {pp: 1000000000}", "8:19: parallelism.pp: expected an integer from 1 to 1000000, got 1000000000"},
    {"parallelism: {dp: 3}", "5:15: global_batch: expected a multiple of dp x micro_batch (3 x 1 = 3), got 64"},
    {"micro_batch: 3", "5:15: global_batch: expected a multiple of dp x micro_batch (4 x 3 = 12), got 64"},
    {"parallelism: {pp: 11, dp: 1}",
     "8:19: parallelism.pp: expected at most layers + 2 pipeline slots (10), got 11 (pp x vp)"},
    {"parallelism: {tp: 2, pp: 2, vp: 2, pd: 4}",
     "8:36: parallelism.pd: expected a known key, got an unknown key (did you mean \"pp\"?)"},
    {"parallelism: {tp: two}", "8:19: parallelism.tp: expected an integer from 1 to 1000000, got \"two\""},
    {"parallelism: {shard_group: 5}", "8:28: parallelism.shard_group: expected a divisor of dp x cp (16), got 5"},
    {"schedule: interleaved", "9:11: schedule: expected 1f1b or gpipe, since parallelism.vp is 1, got interleaved"},
    {"schedule: 1f1b\nparallelism: {pp: 2, vp: 2}",
     "8:26: parallelism.vp: expected 1, since the schedule is 1f1b, got 2 (schedule: interleaved)"},
    {"global_batch: 24\nparallelism: {pp: 2, vp: 2}",
     "5:15: global_batch: expected a number of micro-batches per rank that pp (2) divides, got 3"},
    {"layers_per_slot: [4, 3]",
     "9:18: layers_per_slot: expected 2 entries (pp x vp) that sum to 8 layers, got 2 entries that sum to 7"},
    {"layers_per_slot: [8]",
     "9:18: layers_per_slot: expected 2 entries (pp x vp) that sum to 8 layers, got 1 entries that sum to 8"},
    {"layers_per_slot: [9, -1]",
     "9:18: layers_per_slot: expected 2 entries (pp x vp) that sum to 8 layers, got 2 entries that sum to "
     "9\nworkload.yaml:9:22: layers_per_slot[1]: expected an integer from 0 to 1000000, got -1"},
    {"layers_per_slot: 8",
     "9:18: layers_per_slot: expected a list, got 8\nworkload.yaml:9:18: layers_per_slot: expected 2 entries (pp x vp) "
     "that sum to 8 layers, got 0 entries that sum to 0"},
};
INSTANTIATE_TEST_SUITE_P(Plan, BadJob, testing::ValuesIn(bad_plans));

}  // namespace
}  // namespace aifsim::training
