// A replica whose iterations are slowed while they are under way.
#include "serving/replica_case.hpp"

#include <gtest/gtest.h>

namespace aifsim {
namespace {

using test::ReplicaCase;
using test::request_of;
using test::toy_engine;
using test::toy_memory;

// Iterations take so many times as long from some instant to another.
class Slow final : public serving::SharedChannels {
 public:
  Slow(ReplicaCase& slowed, double begin, double end, double times) : times_(times) {
    slowed.replica.use_channels(*this);
    for (const double when : {begin, end}) {
      slowed.clock->at(units::s * when, [this, &slowed, on = when == begin] {
        on_ = on;
        slowed.replica.channels_changed();
      });
    }
  }
  [[nodiscard]] bool shared(std::uint32_t /*replica*/) const override { return on_; }
  double works(std::uint32_t /*replica*/, const model::Batch& batch, Seconds alone) override {
    EXPECT_GT(alone, Seconds{});
    asked.push_back(batch);
    return on_ ? times_ : 1;
  }
  void rests(std::uint32_t /*replica*/) override { ++rested; }
  std::vector<model::Batch> asked;
  int rested = 0;

 private:
  double times_;
  bool on_ = false;
};

std::vector<test::Request> two() { return {request_of(0, 0, 100, 60), request_of(1, 0.1, 50, 30)}; }

// Half of the time goes by: the rest of the batch's work is that much later, whatever is cut where.
TEST(ReplicaPace, what_is_slowed_is_late_by_what_it_lost) {
  ReplicaCase even(toy_engine(), toy_memory(100)), slow(toy_engine(), toy_memory(100));
  even.run(two());
  const Slow shared(slow, 0.2, 0.25, 2);
  slow.run(two());
  for (const std::uint64_t id : {0U, 1U}) {
    EXPECT_NEAR((slow.outcome.record(id).done - even.outcome.record(id).done).in(units::ms), 25, 1e-6);
    EXPECT_EQ(slow.outcome.record(id).first_token, even.outcome.record(id).first_token);
  }
  EXPECT_EQ(slow.tally.tokens, even.tally.tokens);
  EXPECT_EQ(shared.rested, 1);
}

TEST(ReplicaPace, a_prompt_is_slowed_too) {
  ReplicaCase even(toy_engine(), toy_memory(100)), slow(toy_engine(), toy_memory(100));
  even.run({request_of(0, 0, 200, 1)});  // 9 ms
  const Slow shared(slow, 0.001, 0.004, 3);
  slow.run({request_of(0, 0, 200, 1)});
  EXPECT_NEAR((slow.outcome.record(0).done - even.outcome.record(0).done).in(units::ms), 2, 1e-6);
}

TEST(ReplicaPace, is_asked_about_the_batch_as_it_is_by_then) {
  ReplicaCase slow(toy_engine(), toy_memory(100));
  const Slow shared(slow, 0.2, 0.25, 2);
  slow.run({request_of(0, 0, 100, 60)});
  ASSERT_GE(shared.asked.size(), 2U);
  EXPECT_EQ(shared.asked.front().decode_sequences, 1);
  EXPECT_GT(shared.asked.front().decode_context, 110);
  EXPECT_LT(shared.asked.front().decode_context, 160);
}

TEST(ReplicaPace, of_one_changes_nothing) {
  ReplicaCase even(toy_engine(), toy_memory(100)), same(toy_engine(), toy_memory(100));
  even.run(two());
  const Slow shared(same, 0.2, 0.25, 1);
  same.run(two());
  for (const std::uint64_t id : {0U, 1U}) EXPECT_EQ(same.outcome.record(id).done, even.outcome.record(id).done);
  EXPECT_EQ(same.tally.runs, even.tally.runs);
}

}  // namespace
}  // namespace aifsim
