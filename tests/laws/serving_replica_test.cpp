// Laws of a replica on random requests, tiny caches and every policy.
#include <gtest/gtest.h>

#include "serving/replica_reference.hpp"

namespace aifsim {
namespace {

using test::Outcome;
using test::ReplicaCase;

struct Draw {
  serving::EngineOptions options;
  int blocks = 0;
  double bend = 1e300;
  std::vector<test::Request> requests;
};

class Drawer {
 public:
  explicit Drawer(unsigned seed) : random_(seed) {}

  Draw next() {
    Draw draw;
    serving::EngineOptions& options = draw.options;
    options.batching = static_cast<serving::Batching>(pick(0, 2));
    options.admission = static_cast<serving::Admission>(pick(0, 2));
    options.max_sequences = pick(1, 12);
    options.block_tokens = one_of({1, 4, 16, 64});
    options.max_batched_tokens = one_of({16, 64, 300}) + 5 * options.max_sequences;
    options.max_model_tokens = 500;
    options.chunked_prefill = pick(0, 3) > 0;
    options.prefix_caching = false;
    options.software.per_request = units::ms * one_of({0, 0, 7});
    if (options.block_tokens >= 4 && pick(0, 2) == 0) {
      options.speculative_tokens = pick(1, 3);
      options.acceptance = 0.1 * pick(0, 10);
    }
    draw.blocks = 520 / options.block_tokens * pick(4, 24) / 4;
    if (pick(0, 1) == 0) draw.bend = pick(100, 1000);
    add_requests(draw);
    return draw;
  }

 private:
  void add_requests(Draw& draw) {
    const int count = pick(1, 60);
    const double gap = one_of({1, 10, 100, 1000}) * 1e-3;
    double when = 0;
    for (int i = 0; i < count; ++i) {
      when += gap * 1e-3 * pick(0, 2000);
      const int prompt = pick(0, 9) == 0 ? pick(0, 600) : pick(1, 120);
      draw.requests.push_back(test::request_of(static_cast<std::uint64_t>(i), when, prompt, pick(0, 100)));
      test::Request& request = draw.requests.back();
      if (pick(0, 1) == 0) request.prompt.output_limit = std::max(1, request.output_tokens + pick(0, 50));
    }
  }
  int pick(int least, int most) {
    return least + static_cast<int>(random_() % static_cast<unsigned>(most - least + 1));
  }
  int one_of(std::vector<int> values) {
    return values[static_cast<std::size_t>(pick(0, static_cast<int>(values.size()) - 1))];
  }

  std::mt19937 random_;
};

void expect_near(Seconds real, Seconds expected, const char* what, std::uint64_t id) {
  EXPECT_NEAR(real.base(), expected.base(), 1e-9 * std::max(1e-3, expected.base())) << what << " of " << id;
}

void expect_step_by_step(const Draw& draw) {
  ReplicaCase real(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
  real.run(draw.requests);
  const Outcome expected = test::ReferenceEngine(draw.options, draw.blocks, draw.bend).run(draw.requests);
  ASSERT_EQ(real.outcome.completed.size(), expected.completed.size());
  ASSERT_EQ(real.outcome.rejected.size(), expected.rejected.size());
  for (const test::RequestRecord& record : expected.completed) {
    const test::RequestRecord& other = real.outcome.record(record.id);
    expect_near(other.scheduled, record.scheduled, "scheduled", record.id);
    expect_near(other.first_token, record.first_token, "first token", record.id);
    expect_near(other.done, record.done, "done", record.id);
    EXPECT_EQ(other.preemptions, record.preemptions) << record.id;
  }
}

TEST(ServingReplicaLaws, ClosedFormIsStepByStep) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_step_by_step(Drawer(seed).next());
    if (HasFailure()) return;
  }
}

// Few slots and many adapters: who has none is passed over.
Draw with_adapters(unsigned seed) {
  Draw draw = Drawer(seed).next();
  std::mt19937 random(seed + 77);
  draw.options.adapters.slots = 1 + static_cast<int>(random() % 4);
  const unsigned kinds = 1 + static_cast<unsigned>(random() % 8);
  for (test::Request& request : draw.requests) {
    request.prompt.adapter = static_cast<std::uint32_t>(random() % (kinds + 1));
  }
  return draw;
}

TEST(ServingReplicaLaws, ClosedFormIsStepByStepWithAdapters) {
  for (unsigned seed = 4000; seed < 5000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_step_by_step(with_adapters(seed));
    if (HasFailure()) return;
  }
}

// Adapters that take a while to come, longer or shorter each time.
class SlowSource final : public serving::AdapterSource {
 public:
  SlowSource(task::Executor& clock, unsigned seed) : clock_(clock), random_(seed) {}
  void load(std::uint32_t, std::uint32_t adapter, std::function<void()> done) override {
    ++loads;
    EXPECT_NE(adapter, 0u);
    clock_.at(clock_.now() + units::ms * static_cast<double>(random_() % 200), std::move(done));
  }
  int loads = 0;

 private:
  task::Executor& clock_;
  std::mt19937 random_;
};

TEST(ServingReplicaLaws, SlotsAreNeverExceededAndNothingIsLost) {
  for (unsigned seed = 5000; seed < 5400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Draw draw = with_adapters(seed);
    ReplicaCase real(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
    SlowSource source(*real.clock, seed);
    real.replica.use_adapters(source);
    if (seed % 3 == 0) {  // it fails in the middle, and is back at once
      const Seconds middle = draw.requests[draw.requests.size() / 2].prompt.arrival + units::ms * 30.0;
      real.clock->at(middle, [&real] {
        for (test::Ticket& ticket : real.replica.fail()) real.replica.submit(std::move(ticket));
        real.replica.check();
      });
    }
    real.run(draw.requests);
    ASSERT_EQ(real.outcome.completed.size() + real.outcome.rejected.size(), draw.requests.size());
    EXPECT_LE(real.pricer.most_adapters, draw.options.adapters.slots);
    bool any = false;
    for (const test::RequestRecord& record : real.outcome.completed) {
      EXPECT_LE(record.scheduled + record.fetch, record.first_token);
      EXPECT_LE(record.adapter_wait, record.fetch);
      EXPECT_LE(record.slot_wait, record.scheduled - record.arrival);
      any = any || draw.requests[record.id].prompt.adapter != 0;
    }
    EXPECT_EQ(source.loads > 0, any);
    EXPECT_EQ(real.replica.running(), 0);
    EXPECT_EQ(real.replica.waiting(), 0);
    EXPECT_EQ(real.replica.waiting_tokens(), 0);
    EXPECT_EQ(real.replica.cache_use(), 0);
    if (HasFailure()) return;
  }
}

TEST(ServingReplicaLaws, WithoutAdaptersSlotsChangeNothing) {
  for (unsigned seed = 6000; seed < 6100; ++seed) {
    Draw draw = Drawer(seed).next();
    ReplicaCase without(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
    draw.options.adapters.slots = 2;
    ReplicaCase with(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
    without.run(draw.requests);
    with.run(draw.requests);
    ASSERT_EQ(with.outcome.completed.size(), without.outcome.completed.size());
    for (std::size_t i = 0; i < with.outcome.completed.size(); ++i) {
      EXPECT_EQ(with.outcome.completed[i].id, without.outcome.completed[i].id) << seed;
      EXPECT_EQ(with.outcome.completed[i].done, without.outcome.completed[i].done) << seed;
    }
  }
}

TEST(ServingReplicaLaws, NothingIsLostAndTimesAreInOrder) {
  for (unsigned seed = 1000; seed < 1400; ++seed) {
    const Draw draw = Drawer(seed).next();
    SCOPED_TRACE("seed " + std::to_string(seed));
    ReplicaCase real(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
    real.run(draw.requests);
    ASSERT_EQ(real.outcome.completed.size() + real.outcome.rejected.size(), draw.requests.size());
    std::set<std::uint64_t> seen;
    for (const test::RequestRecord& record : real.outcome.completed) {
      EXPECT_TRUE(seen.insert(record.id).second);
      const test::Request& request = draw.requests[record.id];
      EXPECT_LE(request.prompt.arrival, record.scheduled);
      EXPECT_LT(record.scheduled, record.first_token);
      EXPECT_LE(record.first_token, record.done);
      EXPECT_EQ(record.output_tokens, request.output_tokens);
    }
    EXPECT_LE(real.tally.most_running, draw.options.max_sequences);
    EXPECT_LE(real.pricer.longest, draw.options.max_batched_tokens);
    EXPECT_TRUE(real.tally.in_order);
    EXPECT_EQ(real.replica.running(), 0);
    EXPECT_EQ(real.replica.waiting(), 0);
    EXPECT_EQ(real.replica.waiting_tokens(), 0);
    EXPECT_EQ(real.replica.cache_use(), 0);
  }
}

TEST(ServingReplicaLaws, FirstComeFirstScheduled) {
  for (unsigned seed = 2000; seed < 2200; ++seed) {
    const Draw draw = Drawer(seed).next();
    ReplicaCase real(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
    std::vector<test::RequestRecord> records = real.run(draw.requests).completed;
    std::ranges::sort(records, {}, &test::RequestRecord::id);
    EXPECT_TRUE(std::ranges::is_sorted(records, {}, [](const auto& record) { return record.scheduled; })) << seed;
  }
}

TEST(ServingReplicaLaws, NoEvictNeverPreempts) {
  for (unsigned seed = 3000; seed < 3200; ++seed) {
    Draw draw = Drawer(seed).next();
    draw.options.admission = serving::Admission::no_evict;
    ReplicaCase real(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
    for (const test::RequestRecord& record : real.run(draw.requests).completed) EXPECT_EQ(record.preemptions, 0);
  }
}

// However full the cache: nobody is pushed out for ever.
TEST(ServingReplicaLaws, WhoIsSwappedOutComesBack) {
  std::int64_t preemptions = 0;
  for (unsigned seed = 4000; seed < 4400; ++seed) {
    Draw draw = Drawer(seed).next();
    draw.blocks = 520 / draw.options.block_tokens;
    draw.options.admission = serving::Admission::optimistic;
    draw.options.preemption = serving::Preemption::swap;
    draw.options.swap_bandwidth = units::GB_per_s * (seed % 2 == 0 ? 1.0 : 1000.0);
    SCOPED_TRACE("seed " + std::to_string(seed));
    ReplicaCase real(draw.options, test::toy_memory(draw.blocks), serving::Role::whole, draw.bend);
    real.run(draw.requests);
    ASSERT_EQ(real.outcome.completed.size() + real.outcome.rejected.size(), draw.requests.size());
    for (const test::RequestRecord& record : real.outcome.completed) preemptions += record.preemptions;
    EXPECT_EQ(real.replica.cache_use(), 0);
  }
  EXPECT_GT(preemptions, 100);
}

TEST(ServingReplicaLaws, SameInputsSameOutcome) {
  const Draw draw = Drawer(7).next();
  ReplicaCase first(draw.options, test::toy_memory(draw.blocks)), second(draw.options, test::toy_memory(draw.blocks));
  first.run(draw.requests);
  second.run(draw.requests);
  ASSERT_EQ(first.outcome.completed.size(), second.outcome.completed.size());
  for (std::size_t i = 0; i < first.outcome.completed.size(); ++i) {
    EXPECT_EQ(first.outcome.completed[i].id, second.outcome.completed[i].id);
    EXPECT_EQ(first.outcome.completed[i].done, second.outcome.completed[i].done);
  }
}

}  // namespace
}  // namespace aifsim
