// Replicas that start at the same time read their weights and images from the same places.
#include "serving/start_up_traffic.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "engine/in_child.hpp"
#include "engine/simgrid_executor.hpp"
#include "serving/service_case.hpp"

namespace aifsim::test {
namespace {

const std::string with_storage =
    two_dgx + "storage: {capacity: 100 TB, read: 20 GB/s, write: 10 GB/s, latency: 200 us}\n";

// How long the start-ups of these replicas, all lost at the same time, take.
std::vector<double> starts(const std::string& start_up, const std::vector<int>& lost, const std::string& platform,
                           int tp = 4) {
  std::string failures;
  for (const int replica : lost) {
    failures += (failures.empty() ? "" : ", ") + ("{replica: " + std::to_string(replica) + ", at: 1 s, restart: true}");
  }
  const std::string job = "kind: serving\nmodel: llama3-70b\nengine: {software: vllm, tp: " + std::to_string(tp) +
                          ", precision: fp8, kv_cache: fp8}\nreplicas: " + std::to_string(16 / tp) +
                          "\nstart_up: {container: 0 s, per_graph: 0 s, warm_up: 1 s" + start_up + "}\nfailures: [" +
                          failures + "]\nrequests: {arrivals: poisson, rate: 2, count: 200, input: 500, output: 20}\n";
  return in_child([&] {
    const auto outcome = serve(job, platform, 1, [](const topology::Fabric& fabric) {
      return engine::make_simgrid_executor(fabric, engine::NetworkKind::fluid);
    });
    std::vector<double> times;
    for (const serving::ScaleEvent& event : outcome->scaling) {
      if (event.what == "serves") times.push_back(event.when.base() - 1 - 1);  // without the warm-up
    }
    return times;
  });
}

constexpr double weights = 72.66;   // GB, of Llama 3 70B in FP8 with its embedding in BF16
constexpr double drives = 8 * 6.8;  // GB/s, of a DGX H100

TEST(StartUpTraffic, shares_a_nodes_drives) {
  const double one = starts("", {0}, two_dgx).at(0);
  EXPECT_NEAR(one, weights / drives, 1e-3);
  for (const double time : starts("", {0, 2}, two_dgx)) EXPECT_NEAR(time, one, 1e-6) << "of another node";
  const std::vector<double> both = starts("", {0, 1}, two_dgx);
  ASSERT_EQ(both.size(), 2U);
  for (const double time : both) EXPECT_NEAR(time, 2 * weights / drives, 1e-3);
  EXPECT_NEAR(starts("", {0}, two_dgx, 8).at(0), weights / drives, 1e-3) << "one engine of all GPUs";
}

TEST(StartUpTraffic, shares_the_storage_of_all) {
  const double one = starts(", weights: network", {0}, with_storage).at(0);
  EXPECT_GT(one, weights / 20);
  const std::vector<double> two = starts(", weights: network", {0, 2}, with_storage);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_NEAR(two[0], 2 * weights / 20, 1e-2);
  EXPECT_NEAR(two[1], two[0], 1e-6);
}

TEST(StartUpTraffic, pulls_images_no_faster_than_the_node_unpacks_them) {
  const double without = starts("", {0}, with_storage).at(0);
  const double one = starts(", image: 20 GB, registry: 2 GB/s", {0}, with_storage).at(0);
  EXPECT_NEAR(one - without, 10, 0.01);
  const double fast = starts(", image: 20 GB, registry: 40 GB/s", {0}, with_storage).at(0);
  EXPECT_GT(fast - without, 0.99);  // the storage's 20 GB/s
  const std::vector<double> both = starts(", image: 200 GB, registry: 40 GB/s", {0, 2}, with_storage);
  const double alone = starts(", image: 200 GB, registry: 40 GB/s", {0}, with_storage).at(0);
  for (const double time : both) EXPECT_GT(time, alone * 1.2);
}

TEST(StartUpTraffic, is_none_where_the_user_states_a_rate) {
  const std::vector<double> both = starts(", storage: 10 GB/s", {0, 1}, two_dgx);
  for (const double time : both) EXPECT_NEAR(time, weights / 10, 1e-3);
}

TEST(StartUpTraffic, needs_a_place_that_is_there) {
  EXPECT_THROW((void)starts(", weights: network", {0}, two_dgx), std::exception);
  const std::string job = small_workload("start_up: {weights: network, storage: 1 GB/s}\n", steady);
  EXPECT_THROW((void)serve(job), ConfigError);
}

}  // namespace
}  // namespace aifsim::test
