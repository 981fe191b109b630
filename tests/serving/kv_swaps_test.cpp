// Swapped caches on the fabric of a DGX H100: at the speed of the GPUs' own links, or of what the user allows.
#include "serving/kv_swaps.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "engine/in_child.hpp"
#include "engine/simgrid_executor.hpp"
#include "serving/service_case.hpp"

namespace aifsim::serving {
namespace {

struct Swapping {
  explicit Swapping(const std::string& more) {
    const config::Document platform_document = config::Document::parse(test::two_dgx, "p.yaml");
    platform = hardware::read_platform(platform_document);
    const config::Document document = config::Document::parse(
        "kind: serving\nmodel: llama3-8b\nengine: {software: vllm, tp: 2, precision: fp8, preemption: swap" + more +
            "}\nreplicas: 2\nrequests: {" + test::steady + "}\n",
        "w.yaml");
    job = read_serving_job(document, &platform);
    document.check();
    topology = topology::build(platform);
    if (job.uses_storage()) topology::add_storage(platform, topology);
    deployment = std::make_unique<Deployment>(job, platform, topology);
    clock = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
    swaps = std::make_unique<KvSwaps>(*deployment, *clock);
  }
  hardware::Platform platform;
  ServingJob job;
  topology::Topology topology;
  std::unique_ptr<Deployment> deployment;
  std::unique_ptr<task::Executor> clock;
  std::unique_ptr<KvSwaps> swaps;
};

// When copies of 10 GB of each of replica 0's GPUs are over.
std::vector<double> ends(const std::string& more, std::vector<SwapSpace::Direction> directions) {
  return test::in_child([&] {
    Swapping swapping(more);
    ensure(swapping.swaps->serves(0), "replica 0 swaps over the fabric");
    std::vector<double> when(directions.size());
    for (std::size_t i = 0; i < directions.size(); ++i) {
      swapping.swaps->move(0, 0, directions[i], units::GB * 10.0, [&, i] { when[i] = swapping.clock->now().base(); });
    }
    swapping.clock->run();
    return when;
  });
}

constexpr auto out = SwapSpace::Direction::out, in = SwapSpace::Direction::in;
constexpr double link = 63e9 * 0.88;  // PCIe 5 x16, payload

TEST(KvSwaps, go_at_the_links_speed) {
  EXPECT_NEAR(ends("", {out})[0], 10e9 / link, 1e-4);
  EXPECT_NEAR(ends("", {in})[0], 10e9 / link, 1e-4);
}

TEST(KvSwaps, go_no_faster_than_the_user_allows) {
  EXPECT_NEAR(ends(", swap_bandwidth: 20 GB/s", {out})[0], 0.5, 1e-4);
  EXPECT_NEAR(ends(", swap_bandwidth: 200 GB/s", {out})[0], 10e9 / link, 1e-4);
}

TEST(KvSwaps, one_way_share_a_link_and_the_other_way_do_not) {
  const std::vector<double> same = ends("", {out, out}), opposite = ends("", {out, in});
  for (const double end : same) EXPECT_NEAR(end, 2 * 10e9 / link, 1e-4);
  for (const double end : opposite) EXPECT_NEAR(end, 10e9 / link, 1e-4);
}

// Too little cache for all that run: they are swapped out and come back, and nobody is lost.
TEST(KvSwaps, serve_a_service) {
  const std::string job =
      "kind: serving\nmodel: llama3-8b\nengine: {software: vllm, precision: fp8, kv_cache: fp8, preemption: swap, "
      "memory_fraction: 0.17, max_model_tokens: 8192}\nreplicas: 2\nrequests: {arrivals: poisson, rate: 40, count: "
      "400, "
      "input: {mean: 800, cv: 1, max: 4000}, output: {mean: 300, cv: 1, max: 1000}}\n";
  const auto outcome = test::serve(job);
  EXPECT_EQ(outcome->done.size(), 400U);
  int preempted = 0;
  Seconds fetched;
  for (const auto& [id, record] : outcome->done) {
    preempted += record.preemptions;
    fetched += record.fetch;
  }
  EXPECT_GT(preempted, 0);
  EXPECT_GT(fetched, Seconds{});
}

}  // namespace
}  // namespace aifsim::serving
