// Router policies, as properties of whole runs.
#include "serving/router.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "serving/service_case.hpp"

namespace aifsim::test {
namespace {

class EveryRouter : public testing::TestWithParam<std::string> {};

TEST_P(EveryRouter, never_chooses_a_dead_replica) {
  const std::string deaths = "failures: [{replica: 1, at: 2 s}, {replica: 3, at: 4 s}]\n";
  const auto outcome = serve(small_workload("replicas: 4\nrouter: " + GetParam() + "\n" + deaths,
                                            steady + ", sessions: {turns: 2, think_time: 100 ms}"));
  EXPECT_EQ(outcome->done.size(), outcome->arrivals);
  std::set<std::uint32_t> used;
  for (const auto& [id, record] : outcome->done) {
    used.insert(record.replica);
    EXPECT_FALSE(record.replica == 1 && record.done > units::s * 2.0) << id;
    EXPECT_FALSE(record.replica == 3 && record.done > units::s * 4.0) << id;
  }
  EXPECT_GE(used.size(), 3u);
}

std::vector<std::string> router_names() {
  std::vector<std::string> names;
  for (const serving::RouterPolicy& policy : serving::router_policies()) names.emplace_back(policy.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(All, EveryRouter, testing::ValuesIn(router_names()), [](const auto& parameter) {
  std::string name = parameter.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// Many prefixes, each too long to be cached everywhere: the cache is what one replica in eight can hold.
TEST(Routers, prefix_aware_finds_more_than_round_robin) {
  const std::string requests =
      "arrivals: poisson, rate: 20, count: 600, input: 100, output: 20, shared_prefix: {tokens: 4000, groups: 40}";
  const std::string engine = "engine: {software: vllm, precision: fp8, memory_fraction: 0.25}\n";
  const auto with = [&](const std::string& router) {
    return serve("kind: serving\nmodel: llama3-8b\n" + engine + "replicas: 8\nrouter: " + router + "\nrequests: {" +
                 requests + "}\n");
  };
  const double blind = with("round-robin")->hit_ratio(), aware = with("prefix-aware")->hit_ratio();
  EXPECT_GT(aware, blind + 0.1);
  EXPECT_GT(aware, 0.7);
  // Without weight on overlap it only balances load.
  EXPECT_LT(with("{policy: prefix-aware, overlap_weight: 0}")->hit_ratio(), aware);
}

// More prefixes than HBM holds, each in the host memory of the replica that had it: going there is worth more than
// going where nobody waits.
TEST(Routers, prefix_aware_finds_what_lies_below_hbm) {
  const std::string requests =
      "arrivals: poisson, rate: 20, count: 600, input: 100, output: 20, shared_prefix: {tokens: 4000, groups: 80}";
  const auto with = [&](const std::string& router) {
    return serve(
        "kind: serving\nmodel: llama3-8b\nengine: {software: vllm, precision: fp8, memory_fraction: 0.17}\n"
        "replicas: 8\nkv_tiers: [{tier: host, per: replica, capacity: 100 GB}]\nrouter: " +
        router + "\nrequests: {" + requests + "}\n");
  };
  const auto blind = with("{policy: prefix-aware, tiers: {host: 0}}"), usual = with("prefix-aware");
  EXPECT_GT(usual->hit_ratio(), blind->hit_ratio() + 0.03);
  EXPECT_EQ(usual->done.size(), 600U);
}

TEST(Routers, least_loaded_waits_no_longer_than_random) {
  const std::string busy =
      "arrivals: poisson, rate: 60, count: 1500, input: {mean: 3000, cv: 1.5, max: 16000}, output: 5";
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const auto with = [&](const std::string& router) {
      return serve(small_workload("replicas: 8\nrouter: " + router + "\n", busy), two_dgx, seed)->ttft_percentile(0.99);
    };
    EXPECT_LE(with("least-loaded"), with("random")) << seed;
  }
}

TEST(Routers, a_session_stays_on_its_replica) {
  const std::string chats =
      "arrivals: poisson, rate: 5, count: 40, input: 300, output: 30, sessions: {turns: 4, think_time: 1 s}";
  const auto session = serve(small_workload("replicas: 8\nrouter: session\n", chats));
  const auto robin = serve(small_workload("replicas: 8\nrouter: round-robin\n", chats));
  EXPECT_GT(session->hit_ratio(), 0.4);
  EXPECT_LT(robin->hit_ratio(), session->hit_ratio());
}

TEST(Routers, round_robin_takes_turns) {
  const auto outcome = serve(small_workload("replicas: 4\nrouter: round-robin\n", steady));
  for (const auto& [id, record] : outcome->done) EXPECT_EQ(record.replica, id % 4);
}

}  // namespace
}  // namespace aifsim::test
