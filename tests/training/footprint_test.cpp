// Memory by class, and an out-of-memory error whose advice really helps.
#include "training/footprint.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <regex>
#include <string>

#include "base/error.hpp"
#include "training/job_case.hpp"

namespace aifsim::training {
namespace {

const std::string two_nodes =
    "nodes: {type: dgx-h100, count: 2}\nscale_out: {topology: rail-optimized, switch: qm9700}\n";

// A workload as its keys; "parallelism." ones go into the map.
using Keys = std::map<std::string, std::string>;

std::string yaml_of(const Keys& keys) {
  std::string top;
  std::string degrees;
  for (const auto& [key, value] : keys) {
    if (key.starts_with("parallelism.")) {
      degrees += "  " + key.substr(12) + ": " + value + "\n";
    } else {
      top += key + ": " + value + "\n";
    }
  }
  return top + "parallelism:\n" + degrees;
}

Keys base() {
  return {{"kind", "training"},    {"name", "job"},         {"model", "llama3-8b"}, {"framework", "megatron-core"},
          {"sequence", "8192"},    {"global_batch", "64"},  {"micro_batch", "1"},   {"precision", "bf16"},
          {"parallelism.tp", "1"}, {"parallelism.pp", "1"}, {"parallelism.dp", "8"}};
}

class Memory : public testing::Test {
 protected:
  [[nodiscard]] TrainingJob job(const Keys& keys) const { return test::job_of(yaml_of(keys), &platform_); }
  [[nodiscard]] const hardware::GpuSpec& gpu() const { return *platform_.groups.front().type->gpu; }
  [[nodiscard]] Footprint use(const Keys& keys, model::Recompute recompute = model::Recompute::none) const {
    return footprint(job(keys), recompute, gpu());
  }
  hardware::Platform platform_ = test::platform_of(two_nodes);
};

TEST_F(Memory, classes_sum_to_what_is_used) {
  const Footprint footprint = use(base());
  Bytes sum;
  for (const auto& [name, bytes] : footprint.classes()) {
    EXPECT_GT(bytes, Bytes{}) << name;
    sum += bytes;
  }
  EXPECT_EQ(sum, footprint.used());
  EXPECT_EQ(footprint.capacity, gpu().memory);
}

// BF16 weights, FP32 gradients, FP32 master weights and two moments (arXiv 1910.02054 §3.1: 12 bytes of optimizer
// state).
TEST_F(Memory, follows_what_is_sharded) {
  const TrainingJob whole = job(base());
  // The final norm is in no slot.
  const double parameters = model::total_parameters(whole.model) - whole.model.hidden;
  Keys keys = base();
  keys["parallelism.sharding"] = "none";
  const Footprint replicated = use(keys);
  EXPECT_DOUBLE_EQ(replicated.weights.in(units::B), 2 * parameters);
  EXPECT_DOUBLE_EQ(replicated.gradients.in(units::B), 4 * parameters);
  EXPECT_DOUBLE_EQ(replicated.optimizer.in(units::B), 12 * parameters);
  keys["parallelism.sharding"] = "distributed-optimizer";
  EXPECT_DOUBLE_EQ(use(keys).optimizer.in(units::B), 12 * parameters / 8);
  EXPECT_EQ(use(keys).weights, replicated.weights);
  keys["parallelism.sharding"] = "fsdp";
  const Footprint sharded = use(keys);
  EXPECT_DOUBLE_EQ((sharded.weights + sharded.gradients + sharded.optimizer).in(units::B), 16 * parameters / 8);
  EXPECT_GT(sharded.buffers, replicated.buffers);  // gathered layers
}

TEST_F(Memory, shrinks_with_tensor_ranks_and_recomputation) {
  Keys split = base();
  split["parallelism.tp"] = "4";
  split["parallelism.dp"] = "2";
  EXPECT_DOUBLE_EQ(use(split).weights / use(base()).weights, 0.25);
  EXPECT_LT(use(split).activations, use(base()).activations);
  const auto activations = [&](model::Recompute recompute) { return use(base(), recompute).activations; };
  EXPECT_GT(activations(model::Recompute::none), activations(model::Recompute::selective));
  EXPECT_GT(activations(model::Recompute::selective), activations(model::Recompute::full));
}

TEST_F(Memory, the_first_stage_of_a_1f1b_pipeline_holds_most_activations) {
  Keys keys = base();
  keys["parallelism.pp"] = "8";
  keys["parallelism.dp"] = "1";
  keys["sequence"] = "32768";
  EXPECT_EQ(use(keys).stage, 0);
}

TEST_F(Memory, gpipe_needs_more_than_1f1b) {
  Keys keys = base();
  keys["parallelism.pp"] = "4";
  keys["parallelism.dp"] = "2";
  const Bytes least = use(keys).activations;
  keys["schedule"] = "gpipe";
  EXPECT_GT(use(keys).activations, least);
}

std::string refusal(const TrainingJob& job, const hardware::GpuSpec& gpu, model::Recompute recompute) {
  try {
    check_fits(job, recompute, gpu);
  } catch (const OutOfMemoryError& error) {
    return error.what();
  }
  return "";
}

TEST_F(Memory, a_job_that_fits_is_let_through) { EXPECT_EQ(refusal(job(base()), gpu(), model::Recompute::full), ""); }

TEST_F(Memory, the_error_names_the_biggest_class_and_two_changes) {
  Keys keys = base();
  keys["parallelism.sharding"] = "none";
  const Footprint footprint = use(keys, model::Recompute::full);
  ASSERT_FALSE(footprint.fits());
  const std::string text = refusal(job(keys), gpu(), model::Recompute::full);
  EXPECT_TRUE(text.starts_with("job: does not fit in memory: stage 0 needs ")) << text;
  EXPECT_NE(text.find(" on h100-sxm; the most is optimizer with "), std::string::npos) << text;
  EXPECT_NE(text.find("; would fit with parallelism.sharding: distributed-optimizer, or with "), std::string::npos)
      << text;
}

TEST_F(Memory, what_never_fits_needs_other_hardware) {
  Keys keys = base();
  keys["model"] = "megatron-1t";
  const std::string text = refusal(job(keys), gpu(), model::Recompute::none);
  EXPECT_TRUE(text.ends_with("would fit with more GPUs, or GPUs with more memory")) << text;
}

// The keys that a piece of advice sets: "parallelism.tp: 8 with dp: 2 and recompute: full".
Keys advised(const std::string& advice) {
  Keys changes;
  const std::regex setting("([a-z_.]+): ([a-z0-9-]+)");
  for (auto match = std::sregex_iterator(advice.begin(), advice.end(), setting); match != std::sregex_iterator();
       ++match) {
    const std::string key = (*match)[1];
    changes[key == "dp" ? "parallelism.dp" : key] = (*match)[2];
  }
  return changes;
}

std::vector<std::string> advice_in(const std::string& text) {
  const std::string opening = "; would fit with ";
  const std::string between = ", or with ";
  std::vector<std::string> pieces;
  std::string rest = text.substr(text.find(opening) + opening.size());
  for (auto at = rest.find(between); at != std::string::npos; at = rest.find(between)) {
    pieces.push_back(rest.substr(0, at));
    rest = rest.substr(at + between.size());
  }
  pieces.push_back(rest);
  return pieces;
}

TEST_F(Memory, following_any_advice_makes_the_job_fit) {
  std::mt19937 random(21);
  const auto pick = [&random](std::initializer_list<const char*> choices) {
    return std::string(*(choices.begin() + random() % choices.size()));
  };
  int followed = 0;
  for (int i = 0; i < 400; ++i) {
    Keys keys = base();
    keys["model"] = pick({"llama3-8b", "mpt-7b", "llama3-70b", "mpt-30b", "qwen3-32b"});
    keys["sequence"] = pick({"2048", "8192", "65536"});
    keys["global_batch"] = "256";
    keys["micro_batch"] = pick({"1", "4", "8"});
    keys["recompute"] = pick({"none", "selective", "full"});
    keys["parallelism.sharding"] = pick({"none", "distributed-optimizer", "fsdp"});
    keys["parallelism.tp"] = pick({"1", "2"});
    keys["parallelism.pp"] = pick({"1", "2"});
    keys["parallelism.dp"] = pick({"2", "4"});
    const TrainingJob asked = job(keys);
    const auto recompute = static_cast<model::Recompute>(asked.recompute);
    const std::string text = refusal(asked, gpu(), recompute);
    if (text.empty() || text.ends_with("GPUs with more memory")) continue;
    for (const std::string& advice : advice_in(text)) {
      Keys changed = keys;
      for (const auto& [key, value] : advised(advice)) changed[key] = value;
      ASSERT_NE(changed, keys) << text;
      const TrainingJob better = job(changed);  // the reader takes it
      EXPECT_EQ(refusal(better, gpu(), static_cast<model::Recompute>(better.recompute)), "") << advice;
      ++followed;
    }
  }
  EXPECT_GT(followed, 50);
}

}  // namespace
}  // namespace aifsim::training
