// Reports of services as a script sees them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "process.hpp"

namespace aifsim::cli {
namespace {

nlohmann::json series_with(const std::string& more) {
  const Scratch scratch;
  const std::string path =
      scratch.write("service.yaml",
                    "kind: serving\nmodel: llama3-8b\nengine: {software: vllm, precision: fp8}\n"
                    "requests: {arrivals: poisson, rate: 10, count: 200, input: 4000, output: 200}\n" +
                        more);
  const Outcome outcome = run_aifsim({"run", "platforms/dgx-h100-2.yaml", path, "--format", "json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  return nlohmann::json::parse(outcome.output, nullptr, false).at("jobs").at(0).at("series");
}

// A planner that never acts changes nothing, however many replicas it might start.
TEST(ServingReport, kv_in_use_is_of_the_replicas_that_serve) {
  const nlohmann::json alone = series_with("");
  const nlohmann::json planned =
      series_with("planner: {policy: load, max: 8, queue_up: 1e6, cache_up: 1}\nstart_up: {container: 3 s}\n");
  ASSERT_EQ(alone.size(), planned.size());
  double most = 0;
  for (std::size_t i = 0; i < alone.size(); ++i) {
    EXPECT_DOUBLE_EQ(alone[i].at("kv_use"), planned[i].at("kv_use")) << i;
    most = std::max(most, alone[i].at("kv_use").get<double>());
  }
  EXPECT_GT(most, 0.05);
}

}  // namespace
}  // namespace aifsim::cli
