// Two real vLLM runs, overloaded on purpose, replayed with their arrivals and engine options. The measurements lie
// beside the repository; without them there is nothing to test.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "config/node.hpp"
#include "engine/simgrid_executor.hpp"
#include "serving/request_plan.hpp"
#include "study/serving_run.hpp"
#include "topology/fabric.hpp"

namespace aifsim::study {
namespace {

struct Run {
  std::string workload, folder;
  double ttft, tpot, end_to_end, tokens_per_s;  // means of requests.jsonl; seconds
};

void expect_close(double simulated, double measured, double share, const char* what) {
  EXPECT_LE(std::abs(simulated / measured - 1), share) << what << ": " << simulated << " against " << measured;
}

void replay(const Run& run) {
  const std::string trace = "../shared/serving-runs/RTXPRO6000/" + run.folder + "/requests.jsonl";
  if (!std::filesystem::exists(trace)) GTEST_SKIP() << trace << " is not there";
  const config::Document platform_file = config::Document::load("platforms/rtx-pro-6000-sharegpt.yaml");
  const hardware::Platform platform = hardware::read_platform(platform_file);
  platform_file.check();
  const config::Override path{.key = "requests.trace", .value = trace};
  const config::Document workload = config::Document::load("workloads/" + run.workload + ".yaml", std::span(&path, 1));
  const serving::ServingJob job = serving::read_serving_job(workload, &platform);
  workload.check();
  const topology::Topology topology = topology::build(platform);
  const serving::Deployment deployment(job, platform, topology);
  const auto source = serving::make_requests(*job.requests, 1);
  const auto executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  const metrics::ServingReport report = simulate_serving(deployment, *source, *executor).service;
  EXPECT_EQ(report.completed, 300U);
  expect_close(report.tpot.mean().in(units::s), run.tpot, 0.05, "time per output token");
  expect_close(report.e2e.mean().in(units::s), run.end_to_end, 0.05, "whole request");
  expect_close(report.ttft.mean().in(units::s), run.ttft, 0.15, "time to first token");
  expect_close(report.output_tokens_per_s, run.tokens_per_s, 0.03, "throughput");
}

TEST(ServingRuns, llama_8b_on_one_gpu) {
  replay({.workload = "sharegpt-llama3.1-8b-vllm",
          .folder = "Llama-3.1-8B",
          .ttft = 7.10,
          .tpot = 0.0325,
          .end_to_end = 28.2,
          .tokens_per_s = 2969});
}

TEST(ServingRuns, qwen_32b_on_two_gpus) {
  replay({.workload = "sharegpt-qwen3-32b-vllm",
          .folder = "Qwen3-32B",
          .ttft = 36.9,
          .tpot = 0.0803,
          .end_to_end = 90.4,
          .tokens_per_s = 1249});
}

}  // namespace
}  // namespace aifsim::study
