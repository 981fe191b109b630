// Pipelines against what the papers prove about them.
#include <gtest/gtest.h>

#include "laws/training_draw.hpp"

namespace aifsim {
namespace {

using test::JobCase;

// Sixteen equal layers on four stages of one node; a vocabulary too small to count.
study::TrainingResult step(const std::string& schedule, int pp, int vp, int micro_batches, bool overlaps = true) {
  const JobCase job_case("nodes: {type: dgx-h100, count: 1}\nscale_out: {topology: none}\n",
                         "kind: training\nmodel: {layers: 16, hidden: 4096, ffn_hidden: 16384, heads: 32, vocab: 64}\n"
                         "framework: {source: test, optimizer_bytes: 1}\nsequence: 4096\nglobal_batch: " +
                             std::to_string(micro_batches) + "\nprecision: bf16\nparallelism: {pp: " +
                             std::to_string(pp) + ", vp: " + std::to_string(vp) + ", dp: 1}\nschedule: " + schedule +
                             "\nrecompute: full\noverlap: {pipeline: " + (overlaps ? "true" : "false") + "}\n");
  const auto setup = job_case.prepare();
  return study::simulate_whole_training(setup, *test::ideal_executor(job_case.topology.fabric));
}

double seconds(const study::TrainingResult& result, const std::string& cause) {
  const auto found = result.job.breakdown.find(cause);
  return found == result.job.breakdown.end() ? 0 : found->second.in(units::s);
}

TEST(PipelineLaw, one_stage_needs_no_schedule) {
  EXPECT_NEAR(test::seconds_of(step("gpipe", 1, 1, 8)) / test::seconds_of(step("1f1b", 1, 1, 8)), 1, 1e-12);
}

// GPipe and 1F1B have the same bubble, (p - 1) / m of the work (arXiv 2104.04473 §2.2); transfers between stages, which
// 1F1B waits for more often, are the 2 %.
TEST(PipelineLaw, gpipe_and_1f1b_take_the_same_time) {
  for (const int micro_batches : {4, 8, 32}) {
    const double gpipe = test::seconds_of(step("gpipe", 4, 1, micro_batches));
    EXPECT_NEAR(test::seconds_of(step("1f1b", 4, 1, micro_batches)) / gpipe, 1, 0.02) << micro_batches;
  }
}

TEST(PipelineLaw, the_bubble_is_as_long_as_the_papers_formula_says) {
  for (const int micro_batches : {4, 8, 32}) {
    const auto result = step("1f1b", 4, 1, micro_batches);
    const double work = test::seconds_of(result) - seconds(result, "bubble") - seconds(result, "pp_comm");
    const double waiting = test::seconds_of(result) - work;
    EXPECT_NEAR(waiting / work, 3.0 / micro_batches, 0.03) << micro_batches;
  }
}

TEST(PipelineLaw, chunks_divide_the_bubble) {
  const auto waiting = [](int vp) {
    const auto result = step(vp > 1 ? "interleaved" : "1f1b", 4, vp, 8);
    return seconds(result, "bubble") + seconds(result, "pp_comm");
  };
  const double one = waiting(1);
  EXPECT_NEAR(waiting(2) / one, 0.5, 0.1);
  EXPECT_NEAR(waiting(4) / one, 0.25, 0.15);
  EXPECT_LT(test::seconds_of(step("interleaved", 4, 4, 8)), test::seconds_of(step("interleaved", 4, 2, 8)));
}

TEST(PipelineLaw, transfers_that_block_the_sender_are_no_faster) {
  EXPECT_GE(test::seconds_of(step("1f1b", 4, 1, 16, false)), test::seconds_of(step("1f1b", 4, 1, 16, true)));
}

// Gradients that are reduced at the step's end hold up no stage before: the critical path crosses one stage's
// reduction, not one of each.
TEST(PipelineLaw, gradients_are_reduced_once_on_all_stages_together) {
  const auto exposed = [](int pp) {
    const JobCase job_case(
        "nodes: {type: dgx-h100, count: 4}\nscale_out: {topology: rail-optimized}\n",
        "kind: training\nmodel: {layers: 16, hidden: 4096, ffn_hidden: 16384, heads: 32, vocab: 64}\n"
        "framework: {source: test}\nsequence: 4096\nglobal_batch: 64\nprecision: bf16\nrecompute: full\n"
        "parallelism: {pp: " +
            std::to_string(pp) +
            ", dp: 2, sharding: none}\n"
            "overlap: {gradient_reduce: false}\n");
    const auto setup = job_case.prepare();
    const auto result = study::simulate_whole_training(setup, *test::ideal_executor(job_case.topology.fabric));
    Seconds blamed;
    for (const auto& [key, time] : result.job.blames) {
      if (key.resource.starts_with("dp_comm")) blamed += time;
    }
    return std::vector<double>{seconds(result, "dp_comm"), blamed.in(units::s)};
  };
  const auto deep = exposed(16);
  EXPECT_GT(deep[0], 0);
  EXPECT_LE(deep[1], deep[0] * 1.1);
}

}  // namespace
}  // namespace aifsim
