// A replica's roles, ends and edges.
#include "serving/replica_case.hpp"

#include <gtest/gtest.h>

namespace aifsim {
namespace {

using serving::Role;
using test::ReplicaCase;
using test::request_of;
using test::toy_engine;
using test::toy_memory;

TEST(Replica, OneRequestTakesItsPrefillAndItsDecodes) {
  ReplicaCase alone(toy_engine(), toy_memory(100));
  alone.run({request_of(0, 1, 100, 11)});
  ASSERT_EQ(alone.outcome.completed.size(), 1);
  const test::RequestRecord& record = alone.outcome.completed.front();
  const double prefill = 5e-3 + 2e-5 * 100 + 1e-9 * (100 * 101 / 2);
  double decode = 0;
  for (int i = 0; i < 10; ++i) decode += 5e-3 + 1e-4 + 2e-5 + 1e-7 * (101 + i);
  EXPECT_NEAR(record.first_token.base(), 1 + prefill, 1e-12);
  EXPECT_NEAR(record.done.base(), 1 + prefill + decode, 1e-12);
  EXPECT_EQ(alone.tally.tokens, 10);
  EXPECT_EQ(alone.tally.prefill_tokens, 100);
  EXPECT_EQ(alone.tally.runs, 1);
}

TEST(Replica, AnAnswerOfNoTokensEndsWithThePrompt) {
  ReplicaCase alone(toy_engine(), toy_memory(100));
  alone.run({request_of(0, 0, 10, 0)});
  EXPECT_EQ(alone.outcome.record(0).done, alone.outcome.record(0).first_token);
  EXPECT_EQ(alone.tally.tokens, 0);
}

TEST(Replica, AnEmptyPromptCountsAsOneToken) {
  ReplicaCase alone(toy_engine(), toy_memory(100));
  alone.run({request_of(0, 0, 0, 5)});
  EXPECT_EQ(alone.tally.prefill_tokens, 1);
  EXPECT_EQ(alone.outcome.record(0).output_tokens, 5);
}

TEST(Replica, WhatNeverFitsIsTooLong) {
  serving::EngineOptions options = toy_engine();
  options.max_model_tokens = 500;
  ReplicaCase tiny(options, toy_memory(10));
  tiny.run({request_of(0, 0, 150, 11), request_of(1, 0, 450, 51), request_of(2, 0, 100, 60)});
  ASSERT_EQ(tiny.outcome.rejected.size(), 2);
  EXPECT_EQ(tiny.outcome.rejected[0], std::pair(std::uint64_t{0}, serving::RejectReason::too_long));
  EXPECT_EQ(tiny.outcome.completed.size(), 1);
}

TEST(Replica, AFullQueueTurnsAway) {
  serving::EngineOptions options = toy_engine();
  options.queue_limit = 2;
  options.max_sequences = 1;
  ReplicaCase busy(options, toy_memory(100));
  std::vector<test::Request> requests;
  for (std::uint64_t i = 0; i < 6; ++i) requests.push_back(request_of(i, 0.001 * static_cast<double>(i), 50, 50));
  busy.run(requests);
  EXPECT_EQ(busy.outcome.completed.size(), 3);
  ASSERT_EQ(busy.outcome.rejected.size(), 3);
  EXPECT_EQ(busy.outcome.rejected[0].second, serving::RejectReason::queue_full);
}

test::Request named(std::uint64_t id, double arrival, int prompt, int output, std::uint64_t family,
                    std::uint32_t session = 0) {
  test::Request request = request_of(id, arrival, prompt, output);
  request.prompt.block_tokens = 32;
  request.prompt.session = session;
  for (int i = 0; i * 32 < prompt; ++i) request.prompt.blocks.push_back(family * 1000 + static_cast<std::uint64_t>(i));
  return request;
}

TEST(Replica, ACachedPrefixIsNotComputedAgain) {
  serving::EngineOptions options = toy_engine();
  options.prefix_caching = true;
  ReplicaCase cached(options, toy_memory(100));
  cached.run({named(0, 0, 192, 5, 1), named(1, 1, 192, 5, 1), named(2, 2, 192, 5, 2), named(3, 3, 200, 5, 1)});
  EXPECT_EQ(cached.outcome.record(0).cached_tokens, 0);
  EXPECT_EQ(cached.outcome.record(1).cached_tokens, 176);  // all but the last block: one token has to be computed
  EXPECT_EQ(cached.outcome.record(2).cached_tokens, 0);
  EXPECT_EQ(cached.outcome.record(3).cached_tokens, 192);
  EXPECT_EQ(cached.tally.prefill_tokens, 192 + 16 + 192 + 8);
  EXPECT_EQ(cached.replica.cached_prefix(named(9, 0, 64, 1, 1).prompt), 64);
  EXPECT_EQ(cached.replica.cached_prefix(named(9, 0, 64, 1, 5).prompt), 0);
}

TEST(Replica, TheNextTurnFindsTheAnswer) {
  serving::EngineOptions options = toy_engine();
  options.prefix_caching = true;
  ReplicaCase chat(options, toy_memory(100));
  test::Request next = named(1, 1, 200, 5, 1, 9);
  for (std::size_t i = 2; i < next.prompt.blocks.size(); ++i) next.prompt.blocks[i] += 500;
  chat.run({named(0, 0, 80, 60, 1, 9), next});
  EXPECT_EQ(chat.outcome.record(1).cached_tokens, 128);  // 80 + 59 cached tokens: four whole pieces of 32
}

TEST(Replica, RandomFamiliesKeepTheBooks) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    serving::EngineOptions options = toy_engine();
    options.prefix_caching = true;
    options.plan.dp = 1 + static_cast<int>(seed % 3);
    options.batching = static_cast<serving::Batching>(seed % 2);
    ReplicaCase shared(options, toy_memory(40));
    std::vector<test::Request> requests;
    for (std::uint64_t i = 0; i < 150; ++i) {
      requests.push_back(named(i, 0.01 * static_cast<double>(i), static_cast<int>(1 + random() % 300),
                               static_cast<int>(random() % 80), random() % 6,
                               static_cast<std::uint32_t>(random() % 4)));
    }
    shared.run(requests);
    EXPECT_EQ(shared.outcome.completed.size() + shared.outcome.rejected.size(), 150) << seed;
    EXPECT_EQ(shared.replica.cache_use(), 0) << seed;
  }
}

TEST(Replica, WindowsAndStateKeepTheBooks) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    serving::EngineOptions options = toy_engine();
    options.speculative_tokens = static_cast<int>(seed % 3);
    options.acceptance = 0.7;
    serving::EngineMemory memory = toy_memory(0);
    memory.cache = units::kB * 900.0;
    memory.groups = {{.per_token = units::B * 1000.0},
                     {.per_token = units::B * 500.0, .window = 40},
                     {.per_token = {}, .window = 0, .per_sequence = units::B * 7000.0}};
    ReplicaCase hybrid(options, memory);
    std::vector<test::Request> requests;
    for (std::uint64_t i = 0; i < 60; ++i) {
      requests.push_back(request_of(i, 0.02 * static_cast<double>(i), static_cast<int>(1 + random() % 200),
                                    static_cast<int>(random() % 150)));
    }
    hybrid.run(requests);
    EXPECT_EQ(hybrid.outcome.completed.size(), 60) << seed;
    EXPECT_EQ(hybrid.replica.cache_use(), 0) << seed;
  }
}

TEST(Replica, AttentionGroupsShareTheLoad) {
  serving::EngineOptions options = toy_engine();
  options.plan.dp = 4;
  ReplicaCase groups(options, toy_memory(100));
  std::vector<test::Request> requests;
  for (std::uint64_t i = 0; i < 4; ++i) requests.push_back(request_of(i, 0, 50, 20));
  groups.run(requests);
  options.plan.dp = 1;
  ReplicaCase alone(options, toy_memory(100));
  alone.run({request_of(0, 0, 50, 20)});
  for (const test::RequestRecord& record : groups.outcome.completed) {
    EXPECT_DOUBLE_EQ(record.done.base(), alone.outcome.record(0).done.base());
  }
}

TEST(Replica, AcceptedDraftsShortenTheAnswer) {
  serving::EngineOptions options = toy_engine();
  options.speculative_tokens = 3;
  options.acceptance = 1;
  ReplicaCase all(options, toy_memory(100));
  all.run({request_of(0, 0, 50, 41)});
  EXPECT_EQ(all.tally.iterations, 10);
  options.acceptance = 0.5;  // 1 + 0.5 + 0.25 + 0.125 tokens an iteration
  ReplicaCase half(options, toy_memory(100));
  half.run({request_of(0, 0, 50, 151)});
  EXPECT_EQ(half.tally.iterations, 80);
}

TEST(Replica, SwappedSequencesComeBackAsTheyWere) {
  serving::EngineOptions options = toy_engine();
  options.preemption = serving::Preemption::swap;
  options.swap_bandwidth = units::GB_per_s * 1.0;
  ReplicaCase swapping(options, toy_memory(20));
  swapping.run({request_of(0, 0, 100, 150), request_of(1, 0, 100, 150)});
  EXPECT_EQ(swapping.outcome.record(0).preemptions, 0);
  EXPECT_EQ(swapping.outcome.record(1).preemptions, 1);
  EXPECT_GT(swapping.outcome.record(1).fetch, units::ms * 7.0);  // at least 8 blocks of 1 MB at 1 GB/s
  EXPECT_EQ(swapping.tally.prefill_tokens, 200);                 // nothing is computed twice
  EXPECT_EQ(swapping.tally.tokens, 2 * 149);
}

TEST(Replica, PrefillAndDecodeReplicasWorkInTurn) {
  ReplicaCase prefill(toy_engine(), toy_memory(20), Role::prefill);
  prefill.run({request_of(0, 0, 200, 30), request_of(1, 0, 200, 1)});
  ASSERT_EQ(prefill.prefilled.size(), 1);
  EXPECT_EQ(prefill.outcome.completed.size(), 0);  // the second waits for the first one's cache
  prefill.replica.release(0);
  prefill.clock->run();
  EXPECT_EQ(prefill.outcome.completed.size(), 1);
  EXPECT_EQ(prefill.replica.cache_use(), 0);

  ReplicaCase decode(toy_engine(), toy_memory(20), Role::decode);
  const test::Ticket ticket = prefill.prefilled.front();
  ASSERT_TRUE(decode.replica.reserve(ticket));
  EXPECT_EQ(decode.replica.running(), 1);
  test::Ticket second = ticket;
  second.request.prompt.id = second.record.id = 5;
  EXPECT_FALSE(decode.replica.reserve(second));
  decode.clock->at(units::s * 3.0, [&] { decode.replica.submit(ticket); });
  decode.clock->run();
  ASSERT_EQ(decode.outcome.completed.size(), 1);
  EXPECT_EQ(decode.tally.tokens, 29);
  EXPECT_EQ(decode.tally.prefill_tokens, 0);
  EXPECT_TRUE(decode.replica.reserve(second));
  decode.replica.release(5);
  EXPECT_EQ(decode.replica.cache_use(), 0);
  decode.replica.check();
}

TEST(Replica, AFailureGivesEverythingBack) {
  ReplicaCase failing(toy_engine(), toy_memory(100));
  for (std::uint64_t i = 0; i < 20; ++i) failing.at_arrival(request_of(i, 0.001 * static_cast<double>(i), 60, 50));
  std::vector<test::Ticket> lost;
  failing.clock->at(units::s * 0.1, [&] {
    lost = failing.replica.fail();
    failing.replica.check();
    EXPECT_EQ(failing.replica.running() + failing.replica.waiting(), 0);
    for (test::Ticket& ticket : lost) failing.replica.submit(ticket);  // it is back at once
  });
  failing.clock->run();
  EXPECT_EQ(lost.size(), 20);
  EXPECT_EQ(failing.outcome.completed.size(), 20);
  EXPECT_GE(failing.outcome.record(0).scheduled, units::s * 0.1);
}

TEST(Replica, ADrainedReplicaTakesNothingNew) {
  ReplicaCase draining(toy_engine(), toy_memory(100));
  Seconds empty;
  draining.at_arrival(request_of(0, 0, 60, 50));
  draining.at_arrival(request_of(1, 0.2, 60, 50));
  draining.clock->at(units::s * 0.1, [&] { draining.replica.drain([&] { empty = draining.clock->now(); }); });
  draining.clock->run();
  EXPECT_EQ(draining.outcome.completed.size(), 1);
  EXPECT_EQ(draining.outcome.rejected.size(), 1);
  EXPECT_DOUBLE_EQ(empty.base(), draining.outcome.record(0).done.base());
}

// Two tiers below would both look like this: pieces that were in HBM once, back after a time.
class ToyTiers final : public serving::LowerTiers {
 public:
  explicit ToyTiers(task::Executor& clock) : clock_(clock) {}
  [[nodiscard]] std::size_t find(std::span<const serving::PrefixPiece> pieces) const override {
    std::size_t found = 0;
    while (found < pieces.size() && held_.contains(pieces[found].name)) ++found;
    return found;
  }
  [[nodiscard]] std::optional<topology::DataPlace> place_of(const serving::PrefixPiece& piece) const override {
    return held_.contains(piece.name) ? std::optional(topology::DataPlace::host) : std::nullopt;
  }
  void fetch(std::uint32_t, std::span<const serving::PrefixPiece>, std::function<void()> done) override {
    clock_.at(clock_.now() + units::ms * 50.0, std::move(done));
  }
  void evicted(std::uint32_t, const serving::PrefixPiece& piece) override { held_.insert(piece.name); }

 private:
  task::Executor& clock_;
  std::set<std::uint64_t> held_;
};

TEST(Replica, EvictedPiecesComeBackFromALowerTier) {
  serving::EngineOptions options = toy_engine();
  options.prefix_caching = true;
  ReplicaCase tiered(options, toy_memory(20));
  ToyTiers tiers(*tiered.clock);
  tiered.replica.use_tiers(tiers);
  tiered.run({named(0, 0, 256, 5, 1), named(1, 1, 256, 5, 2), named(2, 2, 256, 5, 1)});
  const test::RequestRecord& record = tiered.outcome.record(2);
  EXPECT_EQ(record.cached_tokens, 240);
  EXPECT_NEAR(record.fetch.base(), 0.05, 1e-12);
  EXPECT_GT(record.first_token - record.scheduled, units::ms * 50.0);
  EXPECT_EQ(tiered.replica.waiting_tokens(), 0);
}

// After the run of the test above the prompt of the first and third request is in HBM; that of the second, whose room
// it took, below.
TEST(Replica, KnowsWhereAPrefixIs) {
  serving::EngineOptions options = toy_engine();
  options.prefix_caching = true;
  ReplicaCase tiered(options, toy_memory(20));
  ToyTiers tiers(*tiered.clock);
  tiered.replica.use_tiers(tiers);
  tiered.run({named(0, 0, 256, 5, 1), named(1, 1, 256, 5, 2), named(2, 2, 256, 5, 1)});
  const auto here = [&](std::uint64_t prompt) {
    return tiered.replica.prefix_places(named(9, 3, 256, 5, prompt).prompt);
  };
  const serving::PrefixPlaces first = here(1), second = here(2), third = here(3);
  EXPECT_GE(first[0], 240);
  EXPECT_LE(first[0] + first[1], 256);
  EXPECT_GT(second[1], 0);
  EXPECT_LT(second[0], first[0]);
  EXPECT_GE(second[0] + second[1], 240);
  EXPECT_EQ(third, serving::PrefixPlaces{});
}

}  // namespace
}  // namespace aifsim
