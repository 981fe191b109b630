// Sequences that are swapped out and come back, with a swap space whose copies take given times.
#include "serving/replica_case.hpp"

#include <gtest/gtest.h>

namespace aifsim {
namespace {

using test::ReplicaCase;
using test::request_of;
using test::toy_memory;

class Space final : public serving::SwapSpace {
 public:
  Space(ReplicaCase& swapping, double out, double in)
      : clock_(*swapping.clock), out_(units::s * out), in_(units::s * in) {
    swapping.replica.use_swap_space(*this);
  }
  void move(std::uint32_t /*replica*/, std::uint32_t /*group*/, Direction direction, Bytes bytes,
            std::function<void()> done) override {
    (direction == Direction::out ? gone : back) += bytes;
    clock_.at(clock_.now() + (direction == Direction::out ? out_ : in_), std::move(done));
  }
  Bytes gone, back;

 private:
  task::Executor& clock_;
  Seconds out_, in_;
};

serving::EngineOptions swapping_engine() {
  serving::EngineOptions options = test::toy_engine();
  options.preemption = serving::Preemption::swap;
  options.swap_bandwidth = units::GB_per_s * 1.0;
  return options;
}
std::vector<test::Request> two() { return {request_of(0, 0, 100, 150), request_of(1, 0, 100, 150)}; }

// The cache is full until the first is done, so the second is swapped out once, and comes back then.
TEST(ReplicaSwap, who_stays_waits_for_the_copy_out) {
  ReplicaCase free(swapping_engine(), toy_memory(20)), paid(swapping_engine(), toy_memory(20));
  const Space nothing(free, 0, 0), space(paid, 0.03, 0.5);
  free.run(two());
  paid.run(two());
  EXPECT_NEAR((paid.outcome.record(0).done - free.outcome.record(0).done).in(units::ms), 30, 1e-6);
  EXPECT_EQ(paid.outcome.record(0).preemptions, 0);
  EXPECT_EQ(paid.outcome.record(1).preemptions, 1);
  EXPECT_NEAR((paid.outcome.record(1).done - free.outcome.record(1).done).in(units::ms), 530, 1e-6);
  EXPECT_EQ(paid.tally.prefill_tokens, 200) << "nothing is computed twice";
  EXPECT_EQ(paid.tally.tokens, 2 * 149);
}

TEST(ReplicaSwap, what_went_out_comes_back) {
  ReplicaCase swapping(swapping_engine(), toy_memory(20));
  const Space space(swapping, 0.01, 0.01);
  swapping.run(two());
  EXPECT_EQ(space.gone, space.back);
  EXPECT_EQ(space.gone, units::MB * 10.0);  // of the second: 100 and some 60 tokens
}

TEST(ReplicaSwap, of_many_loses_nobody) {
  for (const double out : {0.0, 0.001, 0.2}) {
    for (const double in : {0.0, 0.001, 0.2}) {
      ReplicaCase swapping(swapping_engine(), toy_memory(24));
      const Space space(swapping, out, in);
      std::vector<test::Request> requests;
      for (std::uint64_t i = 0; i < 40; ++i) {
        requests.push_back(request_of(i, 0.02 * static_cast<double>(i), 20 + static_cast<int>(7 * i % 90),
                                      10 + static_cast<int>(13 * i % 120)));
      }
      swapping.run(requests);
      EXPECT_EQ(swapping.outcome.completed.size(), 40U);
      EXPECT_EQ(space.gone, space.back);
      EXPECT_GT(space.gone, Bytes{});
    }
  }
}

TEST(ReplicaSwap, a_replica_lost_in_the_middle_forgets_its_copies) {
  ReplicaCase swapping(swapping_engine(), toy_memory(20));
  const Space space(swapping, 10, 10);
  std::vector<serving::Ticket> lost;
  swapping.clock->at(units::s * 2.0, [&] { lost = swapping.replica.fail(); });
  swapping.clock->at(units::s * 3.0, [&] {
    for (serving::Ticket& ticket : lost) swapping.replica.submit(std::move(ticket));
  });
  swapping.run(two());
  EXPECT_EQ(lost.size(), 2U);
  EXPECT_EQ(swapping.outcome.completed.size(), 2U);
}

}  // namespace
}  // namespace aifsim
