#include "serving/scheduler.hpp"

#include <gtest/gtest.h>

namespace aifsim::serving {
namespace {

EngineOptions with(Batching batching, Admission admission) {
  EngineOptions options;
  options.batching = batching;
  options.admission = admission;
  return options;
}

TEST(Scheduler, RegistriesAreInTheOrderOfTheirKinds) {
  for (std::size_t i = 0; i < batching_policies().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(batching_policies()[i].batching), i);
    for (std::size_t j = 0; j < admission_policies().size(); ++j) {
      EXPECT_NE(make_scheduler(with(batching_policies()[i].batching, admission_policies()[j].admission)), nullptr);
    }
  }
}

TEST(Scheduler, StaticBatchesWaitForTheLast) {
  const auto scheduler = make_scheduler(with(Batching::static_batches, Admission::optimistic));
  EXPECT_TRUE(scheduler->turn({.running = 0, .decoding = 0, .waiting = 3}).admit);
  EXPECT_FALSE(scheduler->turn({.running = 1, .decoding = 1, .waiting = 3}).admit);
}

TEST(Scheduler, NoEvictCountsWhatAnswersMayNeed) {
  const auto scheduler = make_scheduler(with(Batching::mixed, Admission::no_evict));
  const GroupView group{.running = 1, .total = 100, .available = 80, .promised = 60};
  EXPECT_TRUE(scheduler->admits({.uncached_tokens = 100, .output_limit = 500, .lacking = 10, .whole = 40}, group));
  EXPECT_FALSE(scheduler->admits({.uncached_tokens = 100, .output_limit = 600, .lacking = 10, .whole = 41}, group));
}

TEST(Scheduler, AnEstimateFallsWithDecodesAndLearnsFromRetractions) {
  const auto scheduler = make_scheduler(with(Batching::prefill_first, Admission::estimated));
  const Candidate candidate{.uncached_tokens = 160, .output_limit = 160, .lacking = 10, .whole = 20};
  // 10 for the prompt, 10 for its answer, a share of 1600 / 16 for those that run.
  const GroupView group{.running = 5,
                        .total = 1000,
                        .available = 60,
                        .promised = 0,
                        .units_per_token = 1.0 / 16,
                        .expected_tokens = 1600};
  EXPECT_FALSE(scheduler->admits(candidate, group));  // 10 + 10 + 0.7 x 100
  scheduler->decoded(600);
  EXPECT_TRUE(scheduler->admits(candidate, group));  // 10 + 10 + 0.098 x 100
  scheduler->preempted(5, 900, 1000);                // (900 + 20 x 5) / 1001
  EXPECT_FALSE(scheduler->admits(candidate, group));
}

}  // namespace
}  // namespace aifsim::serving
