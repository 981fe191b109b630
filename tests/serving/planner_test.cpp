// Planners scale on what they see, start-up takes its time, and nothing is lost on the way.
#include "serving/planner.hpp"

#include <gtest/gtest.h>

#include "serving/service_case.hpp"

namespace aifsim::test {
namespace {

const std::string wave =
    "arrivals: poisson, rate: [{from: 0 s, rate: 3}, {from: 20 s, rate: 60}, {from: 60 s, rate: 3}], duration: 120 s, "
    "input: {mean: 2000, cv: 1, max: 8000}, output: {mean: 100, cv: 1, max: 500}";
const std::string quick_start = "start_up: {container: 2 s, warm_up: 1 s, per_graph: 10 ms}\n";

std::string planned(const std::string& policy, const std::string& more = "") {
  return "slo: {ttft: 1 s, tpot: 10 ms}\nplanner: {policy: " + policy + ", interval: 2 s, max: 6" + more + "}\n" +
         quick_start;
}

class EveryPlanner : public testing::TestWithParam<std::string> {};

TEST_P(EveryPlanner, follows_the_load_and_loses_nothing) {
  for (const std::string pools : {"", "prefill: {}\ndecode: {}\n"}) {
    const auto outcome = serve(small_workload(pools + planned(GetParam()), wave));
    EXPECT_EQ(outcome->in_flight, 0u);
    EXPECT_FALSE(outcome->twice);
    EXPECT_EQ(outcome->done.size(), outcome->arrivals);
    EXPECT_GE(outcome->count("starts"), 1u);
    EXPECT_GE(outcome->count("drains"), 1u);
    EXPECT_LT(outcome->held[0], outcome->end * 6.0);
    EXPECT_GT(outcome->held[0], outcome->end * 0.999);
    for (const serving::ScaleEvent& event : outcome->scaling) {
      EXPECT_GE(event.serving, 1);
      EXPECT_LE(event.serving, 6);
    }
  }
}

TEST_P(EveryPlanner, survives_deaths) {
  for (const double at : {10.0, 25.0, 31.7, 62.0}) {
    for (const std::string restart : {"true", "false"}) {
      const std::string death = "failures: [{replica: 0, at: " + std::to_string(at) + " s, restart: " + restart +
                                "}, {replica: 1, at: " + std::to_string(at + 1) + " s, restart: true}]\n";
      const auto outcome = serve(small_workload(planned(GetParam(), ", min: 2") + "replicas: 2\n" + death, wave));
      EXPECT_EQ(outcome->in_flight, 0u);
      EXPECT_EQ(outcome->done.size() + outcome->rejections.size(), outcome->arrivals);
      EXPECT_FALSE(outcome->twice);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, EveryPlanner, testing::Values("load", "sla"),
                         [](const auto& parameter) { return parameter.param; });

TEST(Planner, shortens_the_queue_of_one_replica_and_holds_less_than_all) {
  const auto one = serve(small_workload("", wave));
  const auto all = serve(small_workload("replicas: 6\n", wave));
  const auto planned_run = serve(small_workload(planned("sla"), wave));
  EXPECT_LT(planned_run->ttft_percentile(0.9), one->ttft_percentile(0.9));
  EXPECT_GE(planned_run->ttft_percentile(0.9), all->ttft_percentile(0.9));
  EXPECT_LT(planned_run->held[0], all->held[0]);
}

TEST(Planner, a_started_replica_serves_after_its_start_up) {
  const auto outcome = serve(small_workload(planned("load"), wave));
  std::map<std::uint32_t, Seconds> begun;
  for (const serving::ScaleEvent& event : outcome->scaling) {
    if (event.what == "starts") begun[event.replica] = event.when;
    if (event.what == "serves") {
      EXPECT_GT(event.when - begun.at(event.replica), units::s * 3.0);
    }
  }
  EXPECT_FALSE(begun.empty());
  for (const auto& [id, record] : outcome->done) {
    if (record.replica > 0) {
      EXPECT_GT(record.scheduled, units::s * 3.0);
    }
  }
}

TEST(Planner, slow_starts_cost_latency) {
  const auto quick = serve(small_workload(planned("sla"), wave));
  const auto slow =
      serve(small_workload("start_up: {container: 30 s}\nslo: {tpot: 10 ms}\n"
                           "planner: {policy: sla, interval: 2 s, max: 6}\n",
                           wave));
  EXPECT_LT(quick->ttft_percentile(0.95), slow->ttft_percentile(0.95));
}

TEST(Planner, load_policy_decides_on_queue_and_cache) {
  struct NoProfile final : serving::EngineProfile {
    double prompt_tokens_per_s(double) const override { return 1; }
    double output_tokens_per_s(double, Seconds) const override { return 1; }
    Seconds tpot(double, double) const override { return {}; }
  } profile;
  const serving::PlannerOptions options{.max = 9};
  const auto wanted = [&](serving::PoolObservation seen) {
    return serving::make_load_planner(options, profile)->wanted(seen);
  };
  EXPECT_EQ(wanted({.serving = 4, .waiting = 10}), 5);
  EXPECT_EQ(wanted({.serving = 4, .cache_use = 0.95}), 5);
  EXPECT_EQ(wanted({.serving = 4, .waiting = 1, .cache_use = 0.7}), 4);
  EXPECT_EQ(wanted({.serving = 4, .cache_use = 0.3}), 3);
  EXPECT_EQ(wanted({.serving = 4, .starting = 1, .waiting = 100}), 5);  // one comes already
  EXPECT_EQ(wanted({.role = serving::Role::prefill, .serving = 4, .cache_use = 0.7}), 3);
}

// A replica prefills 1,000 tokens a second, and decodes without effort.
struct RoundProfile final : serving::EngineProfile {
  double prompt_tokens_per_s(double) const override { return 1000; }
  double output_tokens_per_s(double, Seconds) const override { return 1e9; }
  Seconds tpot(double, double) const override { return units::ms; }
};

// How many replicas are there after intervals whose prompts keep so many replicas busy.
std::vector<int> after(const std::vector<double>& busy,
                       const serving::PlannerOptions& options = {.max = 9, .tpot = units::s}) {
  const RoundProfile profile;
  const auto planner = serving::make_sla_planner(options, profile);
  std::vector<int> replicas;
  int there = 1;
  for (const double load : busy) {
    const double tokens = 10'000 * load;
    there = planner->wanted({.role = serving::Role::prefill,
                             .serving = there,
                             .interval = units::s * 10.0,
                             .requests = 1,
                             .input_tokens = tokens});
    replicas.push_back(there);
  }
  return replicas;
}

TEST(Planner, sla_policy_grows_at_once_and_shrinks_when_fewer_do_with_a_margin) {
  EXPECT_EQ(after({0.5, 2.5, 2.5}), (std::vector{1, 3, 3}));
  // Around a whole number of replicas: three once, three for good.
  std::vector<double> around;
  for (int i = 0; i < 60; ++i) around.push_back(i % 12 < 6 ? 2.1 : 1.9);
  EXPECT_EQ(after(around), std::vector<int>(60, 3));
  // 1.5 replicas' load is less than 80 % of two: after six intervals of it.
  EXPECT_EQ(after({2.5, 1.5, 1.5, 1.5, 1.5, 1.5}), std::vector<int>(6, 3));
  EXPECT_EQ(after({2.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5}).back(), 2);
  EXPECT_EQ(after({2.5, 1.7, 1.7, 1.7, 1.7, 1.7, 1.7}).back(), 3);
  EXPECT_EQ(after({2.5, 1.5}, {.max = 9, .tpot = units::s, .down_intervals = 1}).back(), 2);
  EXPECT_EQ(after({2.5, 1.7}, {.max = 9, .tpot = units::s, .down_share = 1, .down_intervals = 1}).back(), 2);
  // Nothing to do at all.
  EXPECT_EQ(after({2.5, 0, 0, 0, 0, 0, 0}).back(), 1);
}

// Replicas that a planner ends under a load that stays as it is are those that the first rush has started.
TEST(Planner, sla_policy_rests_under_a_constant_load) {
  const auto serve_at = [](const std::string& rate) {
    return serve(small_workload(
        "slo: {ttft: 1 s, tpot: 20 ms}\nplanner: {policy: sla, interval: 4 s, max: 8}\n" + quick_start,
        "arrivals: poisson, rate: " + rate +
            ", duration: 300 s, input: {mean: 1500, cv: 1, max: 8192}, output: {mean: 250, cv: 0.8, max: 2048}"));
  };
  const auto constant = serve_at("45");
  std::size_t late = 0;
  for (const serving::ScaleEvent& event : constant->scaling)
    late += event.when > units::s * 120.0 && event.what != "off" ? 1U : 0U;
  EXPECT_LE(late, 2U);
  // A day in five minutes: it follows, up and down.
  const auto day = serve_at(
      "[{from: 0 s, rate: 5}, {from: 60 s, rate: 25}, {from: 120 s, rate: 60}, {from: 180 s, rate: 25}, {from: 240 s, "
      "rate: 5}]");
  EXPECT_GE(day->count("starts"), 3U);
  EXPECT_GE(day->count("drains"), 3U);
  EXPECT_LT(day->held[0], day->end * 6.0);
}

}  // namespace
}  // namespace aifsim::test
