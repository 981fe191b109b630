// Laws of a service: nothing is lost, whatever dies and whenever; what moves is what was cached.
#include "serving/service.hpp"

#include <gtest/gtest.h>

#include "serving/service_case.hpp"

namespace aifsim::test {
namespace {

void expect_conserved(const ServiceOutcome& outcome) {
  EXPECT_EQ(outcome.in_flight, 0u);
  EXPECT_FALSE(outcome.twice);
  EXPECT_EQ(outcome.done.size() + outcome.rejections.size(), outcome.arrivals);
  for (const auto& [id, record] : outcome.done) {
    EXPECT_LE(record.arrival, record.scheduled);
    EXPECT_LE(record.scheduled, record.first_token);
    EXPECT_LE(record.first_token, record.done);
  }
}

const std::string split = "prefill: {replicas: 2}\ndecode: {replicas: 2}\ntransfer: {setup: 40 ms}\n";

std::string fails(int replica, double at, bool restart) {
  return "failures: [{replica: " + std::to_string(replica) + ", at: " + std::to_string(at) +
         " s, restart: " + (restart ? "true" : "false") +
         "}]\nstart_up: {container: 1 s, warm_up: 0 s, per_graph: 0 s}\n";
}

TEST(Service, moves_the_bytes_that_were_cached) {
  const auto outcome = serve(small_workload(split, steady));
  expect_conserved(*outcome);
  double tokens = 0;
  std::uint64_t moved = 0;
  for (const auto& [id, record] : outcome->done) {
    if (record.output_tokens < 2) continue;
    tokens += record.input_tokens;
    ++moved;
  }
  EXPECT_EQ(outcome->transfers, moved);
  // Llama 3 8B: 32 layers x 8 heads x 128 x keys and values x 1 byte.
  EXPECT_NEAR(outcome->transferred.in(units::B), tokens * 32 * 8 * 128 * 2, 1);
}

TEST(Service, says_the_same_twice) {
  const std::string workload = small_workload(split + fails(2, 3.1, true) + "router: random\n", steady);
  const auto first = serve(workload), second = serve(workload);
  ASSERT_EQ(first->done.size(), second->done.size());
  for (const auto& [id, record] : first->done) {
    EXPECT_EQ(record.done, second->done.at(id).done);
    EXPECT_EQ(record.replica, second->done.at(id).replica);
  }
}

struct Death {
  int replica;
  double at;
};
class Dying : public testing::TestWithParam<Death> {};

TEST_P(Dying, loses_no_request_at_any_time) {
  const auto [replica, at] = GetParam();
  for (const bool restart : {false, true}) {
    const auto outcome = serve(small_workload(split + fails(replica, at, restart), steady));
    expect_conserved(*outcome);
    EXPECT_TRUE(outcome->rejections.empty());
    EXPECT_EQ(outcome->count("lost"), 1u);
    EXPECT_EQ(outcome->count("starts"), restart ? 1u : 0u);
  }
}

std::vector<Death> deaths() {
  std::vector<Death> list;
  for (int replica = 0; replica < 4; ++replica) {
    for (const double at : {0.0, 0.31, 1.007, 2.5, 2.52, 2.54, 2.56, 2.58, 7.3, 60.0}) list.push_back({replica, at});
  }
  return list;
}
INSTANTIATE_TEST_SUITE_P(Cases, Dying, testing::ValuesIn(deaths()), [](const auto& parameter) {
  return "replica" + std::to_string(parameter.param.replica) + "_at_" +
         std::to_string(static_cast<int>(parameter.param.at * 1000)) + "_ms";
});

TEST(Service, turns_requests_away_when_the_last_replica_dies) {
  for (const int replica : {0, 1}) {  // the only one that prefills, the only one that decodes
    const auto outcome = serve(small_workload("prefill: {}\ndecode: {}\n" + fails(replica, 2.51, false), steady));
    expect_conserved(*outcome);
    EXPECT_GT(outcome->done.size(), 0u);
    EXPECT_GT(outcome->rejections.size(), 0u);
    for (const auto& [id, why] : outcome->rejections) EXPECT_EQ(why, serving::RejectReason::replica_lost);
  }
}

TEST(Service, waits_for_the_last_replica_when_it_starts_anew) {
  const auto outcome = serve(small_workload(fails(0, 2.51, true), steady));
  expect_conserved(*outcome);
  EXPECT_TRUE(outcome->rejections.empty());
  // Container (1 s) and 8 GB of weights over the node's drives come first.
  for (const auto& [id, record] : outcome->done) {
    EXPECT_FALSE(record.scheduled > units::s * 2.51 && record.scheduled < units::s * 3.51) << id;
  }
}

TEST(Service, every_replica_may_die) {
  const std::string all =
      "replicas: 2\nfailures: [{replica: 0, at: 1 s}, {replica: 1, at: 2 s}, {replica: 1, at: 3 s}]\n";
  const auto outcome = serve(small_workload(all, steady));
  expect_conserved(*outcome);
  EXPECT_GT(outcome->rejections.size(), 100u);
}

TEST(Service, answers_all_in_overload_and_turns_away_beyond_the_queue_limit) {
  const std::string flood = "arrivals: all-at-once, count: 3000, input: 1000, output: 20";
  const auto all = serve(small_workload("", flood));
  expect_conserved(*all);
  EXPECT_EQ(all->done.size(), 3000u);
  const auto limited = serve(small_workload("queue_limit: 100\n", flood));
  expect_conserved(*limited);
  EXPECT_GE(limited->done.size(), 100u);
  EXPECT_GT(limited->rejections.size(), 1000u);
  for (const auto& [id, why] : limited->rejections) EXPECT_EQ(why, serving::RejectReason::queue_full);
  EXPECT_LT(limited->ttft_percentile(1), all->ttft_percentile(1));
}

TEST(Service, rejects_what_no_cache_holds) {
  const std::string engine = "engine: {software: vllm, precision: fp8, max_model_tokens: 2000}\n";
  for (const std::string pools : {"", "prefill: {}\ndecode: {}\n"}) {
    const auto outcome =
        serve("kind: serving\nmodel: llama3-8b\n" + engine + pools +
              "requests: {arrivals: poisson, rate: 20, count: 100, input: {uniform: [100, 3000]}, output: 10}\n");
    expect_conserved(*outcome);
    EXPECT_GT(outcome->rejections.size(), 10u);
    EXPECT_GT(outcome->done.size(), 10u);
    for (const auto& [id, why] : outcome->rejections) EXPECT_EQ(why, serving::RejectReason::too_long);
    for (const auto& [id, record] : outcome->done) EXPECT_LE(record.input_tokens + record.output_tokens, 2000);
  }
}

TEST(Service, an_answer_of_no_tokens_ends_with_its_prompt) {
  for (const std::string pools : {"", "prefill: {}\ndecode: {}\n"}) {
    const auto outcome = serve(small_workload(pools, "arrivals: poisson, rate: 20, count: 50, input: 100, output: 0"));
    expect_conserved(*outcome);
    EXPECT_EQ(outcome->done.size(), 50u);
    EXPECT_EQ(outcome->transfers, 0u);
    for (const auto& [id, record] : outcome->done) EXPECT_EQ(record.first_token, record.done);
  }
}

TEST(Service, slower_transfers_delay_the_first_token) {
  const std::string pools = "prefill: {}\ndecode: {}\n";
  const auto fast = serve(small_workload(pools, steady));
  const auto slow = serve(small_workload(pools + "transfer: {efficiency: 0.01}\n", steady));
  EXPECT_GT(slow->ttft_percentile(0.5), fast->ttft_percentile(0.5));
  EXPECT_EQ(slow->transferred, fast->transferred);
}

}  // namespace
}  // namespace aifsim::test
