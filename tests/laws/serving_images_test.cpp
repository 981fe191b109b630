// Laws of the encoder on random requests, caches and policies.
#include <gtest/gtest.h>

#include "serving/replica_case.hpp"

namespace aifsim {
namespace {

using test::ReplicaCase;

class Drawer {
 public:
  explicit Drawer(unsigned seed) : random_(seed) {}

  serving::EngineOptions options() {
    serving::EngineOptions drawn;
    drawn.batching = static_cast<serving::Batching>(pick(0, 2));
    drawn.admission = static_cast<serving::Admission>(pick(0, 2));
    drawn.max_sequences = pick(1, 12);
    drawn.max_batched_tokens = one_of({16, 64, 300}) + drawn.max_sequences;
    drawn.max_model_tokens = 500;
    drawn.chunked_prefill = pick(0, 3) > 0;
    drawn.prefix_caching = false;
    drawn.plan.dp = one_of({1, 1, 2});
    drawn.vision = {.patches_per_token = 4,
                    .budget_tokens = one_of({0, 20, 100}),
                    .host_time_per_image = units::ms * one_of({0, 5, 80})};
    return drawn;
  }
  std::vector<test::Request> requests() {
    std::vector<test::Request> drawn;
    double when = 0;
    const int count = pick(1, 60);
    for (int i = 0; i < count; ++i) {
      when += 1e-3 * pick(0, 100);
      drawn.push_back(test::request_of(static_cast<std::uint64_t>(i), when, pick(1, 250), pick(0, 60)));
      serving::Prompt& prompt = drawn.back().prompt;
      if (pick(0, 2) == 0) continue;
      const int begin = pick(0, prompt.tokens - 1), tokens = pick(0, prompt.tokens - begin);
      bring_images(prompt, begin, pick(1, 4), tokens);
    }
    return drawn;
  }
  int pick(int least, int most) {
    return least + static_cast<int>(random_() % static_cast<unsigned>(most - least + 1));
  }
  int one_of(std::vector<int> values) {
    return values[static_cast<std::size_t>(pick(0, static_cast<int>(values.size()) - 1))];
  }

 private:
  std::mt19937 random_;
};

int largest_image(const std::vector<test::Request>& requests) {
  int largest = 0;
  for (const test::Request& request : requests) {
    for (const serving::ImageRun& run : request.prompt.image_runs) {
      for (int image = 0; image < run.images; ++image) {
        largest = std::max(largest, run.begin_of(image + 1) - run.begin_of(image));
      }
    }
  }
  return largest;
}

TEST(ServingImageLaws, every_image_is_encoded_once_and_again_after_preemption_alone) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    Drawer drawer(seed);
    const serving::EngineOptions options = drawer.options();
    const std::vector<test::Request> requests = drawer.requests();
    ReplicaCase real(options, test::toy_memory(drawer.pick(40, 300)));
    real.run(requests);
    ASSERT_EQ(real.outcome.completed.size() + real.outcome.rejected.size(), requests.size());
    double encoded = 0, priced = 0;
    for (const test::RequestRecord& record : real.outcome.completed) {
      const serving::Prompt& prompt = requests[record.id].prompt;
      const double images = prompt.images, patches = 4.0 * prompt.image_tokens;
      if (record.preemptions == 0) {
        EXPECT_EQ(record.encoded.images, images);
        EXPECT_EQ(record.encoded.patches, patches);
      } else {
        EXPECT_GE(record.encoded.images, images);
        EXPECT_LE(record.encoded.images, images * (1 + record.preemptions));
      }
      encoded += record.encoded.patches;
    }
    for (const model::ImageWork& work : real.pricer.encoded) priced += work.patches;
    EXPECT_LE(priced, encoded);  // of several groups the heaviest alone is priced
    EXPECT_TRUE(options.plan.dp > 1 || priced == encoded) << priced << ' ' << encoded;
    if (HasFailure()) return;
  }
}

TEST(ServingImageLaws, the_budget_is_never_exceeded_but_by_a_lone_image) {
  for (unsigned seed = 1000; seed < 1400; ++seed) {
    SCOPED_TRACE(seed);
    Drawer drawer(seed);
    const serving::EngineOptions options = drawer.options();
    const std::vector<test::Request> requests = drawer.requests();
    ReplicaCase real(options, test::toy_memory(300));
    real.run(requests);
    const double budget = 4.0 * encoder_budget(options), largest = 4.0 * largest_image(requests);
    for (const model::ImageWork& work : real.pricer.encoded) {
      EXPECT_TRUE(work.patches <= budget || (work.images == 1 && work.patches <= largest)) << work.patches;
    }
    EXPECT_LE(real.pricer.longest, options.max_batched_tokens);
    EXPECT_EQ(real.replica.waiting_tokens(), 0);
    if (HasFailure()) return;
  }
}

// Nobody else is there: what comes on top takes time.
TEST(ServingImageLaws, images_never_make_a_lone_request_faster) {
  for (unsigned seed = 2000; seed < 2200; ++seed) {
    Drawer drawer(seed);
    const serving::EngineOptions options = drawer.options();
    for (const test::Request& request : drawer.requests()) {
      test::Request bare = request;
      bare.prompt.images = bare.prompt.image_tokens = 0;
      bare.prompt.image_runs.clear();
      ReplicaCase with(options, test::toy_memory(600)), without(options, test::toy_memory(600));
      if (with.run({request}).completed.empty()) continue;
      without.run({bare});
      EXPECT_GE(with.outcome.record(request.prompt.id).done, without.outcome.record(request.prompt.id).done) << seed;
    }
    if (HasFailure()) return;
  }
}

TEST(ServingImageLaws, same_inputs_same_outcome) {
  Drawer drawer(7);
  const serving::EngineOptions options = drawer.options();
  const std::vector<test::Request> requests = drawer.requests();
  ReplicaCase first(options, test::toy_memory(100)), second(options, test::toy_memory(100));
  first.run(requests);
  second.run(requests);
  ASSERT_EQ(first.outcome.completed.size(), second.outcome.completed.size());
  for (std::size_t i = 0; i < first.outcome.completed.size(); ++i) {
    EXPECT_EQ(first.outcome.completed[i].id, second.outcome.completed[i].id);
    EXPECT_EQ(first.outcome.completed[i].done, second.outcome.completed[i].done);
    EXPECT_EQ(first.outcome.completed[i].encoded.pairs, second.outcome.completed[i].encoded.pairs);
  }
}

}  // namespace
}  // namespace aifsim
