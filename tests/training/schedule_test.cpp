// Pipeline schedules: every pass once, in an order that can be executed, with as little memory as promised.
#include "training/schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <tuple>

#include "training/job.hpp"

namespace aifsim::training {
namespace {

struct Shape {
  int stages, chunks, micro_batches;
};

// A shape the schedule takes: the reader refuses others.
Shape draw(const Schedule& schedule, std::mt19937& random) {
  const auto pick = [&random](int least, int most) {
    return least + static_cast<int>(random() % static_cast<unsigned>(most - least + 1));
  };
  Shape shape{.stages = pick(1, 12), .chunks = schedule.needs_chunks ? pick(1, 5) : 1, .micro_batches = pick(1, 40)};
  if (schedule.micro_batches_in_groups) shape.micro_batches = shape.stages * pick(1, 5);
  return shape;
}

// Executes the passes of all stages against each other; gives how many could run.
std::size_t runnable(const Schedule& schedule, const Shape& shape) {
  const int slots = shape.stages * shape.chunks;
  std::vector<std::vector<Pass>> passes;
  for (int s = 0; s < shape.stages; ++s) {
    passes.push_back(schedule.passes(s, shape.stages, shape.chunks, shape.micro_batches));
  }
  std::vector<std::size_t> next(passes.size(), 0);
  std::map<std::tuple<bool, int, int>, bool> done;  // backward, slot, micro-batch
  const auto ready = [&](int stage, const Pass& pass) {
    const int slot = pass.chunk * shape.stages + stage;
    if (!pass.backward) return slot == 0 || done[{false, slot - 1, pass.micro_batch}];
    if (slot == slots - 1) return done[{false, slot, pass.micro_batch}];
    return done[{false, slot, pass.micro_batch}] && done[{true, slot + 1, pass.micro_batch}];
  };
  std::size_t count = 0;
  for (bool progress = true; progress;) {
    progress = false;
    for (int s = 0; s < shape.stages; ++s) {
      const auto stage = static_cast<std::size_t>(s);
      while (next[stage] < passes[stage].size() && ready(s, passes[stage][next[stage]])) {
        const Pass& pass = passes[stage][next[stage]++];
        done[{pass.backward, pass.chunk * shape.stages + s, pass.micro_batch}] = true;
        progress = true;
        ++count;
      }
    }
  }
  return count;
}

TEST(ScheduleLaw, every_pass_comes_once_and_forward_first) {
  std::mt19937 random(5);
  for (const Schedule& schedule : schedules()) {
    for (int i = 0; i < 150; ++i) {
      const Shape shape = draw(schedule, random);
      for (int stage = 0; stage < shape.stages; ++stage) {
        std::map<std::pair<int, int>, int> seen;  // 1 after forward, 2 after backward
        for (const Pass& pass : schedule.passes(stage, shape.stages, shape.chunks, shape.micro_batches)) {
          int& state = seen[{pass.chunk, pass.micro_batch}];
          EXPECT_EQ(state, pass.backward ? 1 : 0) << schedule.name;
          ++state;
        }
        EXPECT_EQ(seen.size(), static_cast<std::size_t>(shape.chunks * shape.micro_batches)) << schedule.name;
        for (const auto& [key, state] : seen) {
          EXPECT_EQ(state, 2) << schedule.name;
          EXPECT_TRUE(key.first >= 0 && key.first < shape.chunks && key.second >= 0 &&
                      key.second < shape.micro_batches);
        }
      }
    }
  }
}

TEST(ScheduleLaw, stages_never_wait_in_a_circle) {
  std::mt19937 random(6);
  for (const Schedule& schedule : schedules()) {
    for (int i = 0; i < 100; ++i) {
      const Shape shape = draw(schedule, random);
      EXPECT_EQ(runnable(schedule, shape),
                static_cast<std::size_t>(2 * shape.stages * shape.chunks * shape.micro_batches))
          << schedule.name << ": " << shape.stages << " stages, " << shape.chunks << " chunks, " << shape.micro_batches;
    }
  }
}

TEST(ScheduleLaw, one_forward_one_backward_keeps_no_more_than_the_stages_that_follow) {
  const Schedule& schedule = *find_schedule("1f1b");
  for (int stages = 1; stages <= 12; ++stages) {
    for (int micro_batches : {1, 3, 12, 40}) {
      for (int stage = 0; stage < stages; ++stage) {
        EXPECT_EQ(peak_in_flight(schedule, stage, stages, 1, micro_batches), std::min(micro_batches, stages - stage));
      }
    }
  }
}

TEST(ScheduleLaw, gpipe_keeps_every_micro_batch) {
  EXPECT_EQ(peak_in_flight(*find_schedule("gpipe"), 0, 4, 1, 24), 24);
  EXPECT_EQ(peak_in_flight(*find_schedule("gpipe"), 3, 4, 1, 24), 24);
}

// Megatron-LM: 2 (p - s - 1) + (v - 1) p warm-up passes, then one more in flight.
TEST(ScheduleLaw, interleaving_warms_up_as_megatron_does) {
  for (int stages : {2, 4, 8}) {
    for (int chunks : {2, 3, 6}) {
      for (int stage = 0; stage < stages; ++stage) {
        const int warm_up = 2 * (stages - stage - 1) + (chunks - 1) * stages;
        EXPECT_EQ(peak_in_flight(*find_schedule("interleaved"), stage, stages, chunks, 4 * stages), warm_up + 1);
      }
    }
  }
}

TEST(Interleaved, changes_chunks_after_one_micro_batch_for_each_stage) {
  const auto passes = interleaved_passes(0, 2, 2, 4);
  std::string text;
  for (const Pass& pass : passes) {
    text += (pass.backward ? "b" : "f") + std::to_string(pass.chunk) + std::to_string(pass.micro_batch) + " ";
  }
  EXPECT_EQ(text, "f00 f01 f10 f11 f02 b10 f03 b11 f12 b00 f13 b01 b12 b13 b02 b03 ");
}

TEST(Schedules, are_found_by_name) {
  for (const Schedule& schedule : schedules()) EXPECT_EQ(find_schedule(schedule.name), &schedule);
  EXPECT_EQ(find_schedule("zigzag"), nullptr);
  EXPECT_EQ(list_schedules().size(), schedules().size());
}

TEST(SplitLayers, evenly_when_they_divide) {
  EXPECT_EQ(split_layers(8, 4), (std::vector<int>{2, 2, 2, 2}));
  EXPECT_EQ(split_layers(3, 1), (std::vector<int>{3}));
}

TEST(SplitLayers, embedding_and_head_count_as_a_layer_each_when_that_divides) {
  const std::vector<int> split = split_layers(126, 128);  // Llama 3 405B
  EXPECT_EQ(split.front(), 0);
  EXPECT_EQ(split.back(), 0);
  EXPECT_TRUE(std::all_of(split.begin() + 1, split.end() - 1, [](int layers) { return layers == 1; }));
  EXPECT_EQ(split_layers(30, 8), (std::vector<int>{3, 4, 4, 4, 4, 4, 4, 3}));
}

TEST(SplitLayers, the_first_slots_take_what_is_left) { EXPECT_EQ(split_layers(7, 4), (std::vector<int>{2, 2, 2, 1})); }

TEST(SplitLayers, loses_none) {
  for (int layers = 1; layers < 130; ++layers) {
    for (int slots = 1; slots <= layers + 2; ++slots) {
      const std::vector<int> split = split_layers(layers, slots);
      EXPECT_EQ(split.size(), static_cast<std::size_t>(slots));
      EXPECT_EQ(std::accumulate(split.begin(), split.end(), 0), layers);
      const auto [least, most] = std::minmax_element(split.begin(), split.end());
      EXPECT_GE(*least, 0) << layers << " in " << slots;
      EXPECT_LE(*most - *least, 1) << layers << " in " << slots;
    }
  }
}

}  // namespace
}  // namespace aifsim::training
