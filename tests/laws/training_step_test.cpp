// What holds for every training step, whatever the platform and the plan.
#include <gtest/gtest.h>

#include <cmath>

#include "laws/training_draw.hpp"
#include "metrics/additive.hpp"

namespace aifsim {
namespace {

using engine::NetworkKind;
using test::Draw;
using test::JobCase;

class TrainingLaw : public testing::TestWithParam<unsigned> {
 protected:
  Draw draw_ = test::JobDraw(GetParam()).next();
  std::string text_ = draw_.platform + draw_.workload;
};

TEST_P(TrainingLaw, figures_are_consistent_and_below_their_bounds) {
  const auto facts = test::on_engine(draw_, NetworkKind::fluid, [](const auto& setup, task::Executor& executor) {
    const study::TrainingResult result = study::simulate_training(setup, executor);
    double busiest = 0;
    for (const auto& channel : result.channels) busiest = std::max(busiest, channel.busy_share);
    const double peak = setup.gpu.dense_peak.at(setup.job.precision).in(units::FLOP_per_s)*setup.job.plan.gpus();
    return std::vector<double>{test::seconds_of(result),
                               metrics::total(result.job.breakdown).in(units::s),
                               metrics::total(result.job.blames).in(units::s),
                               busiest,
                               result.job.throughput.mfu,
                               setup.hardware_flops_per_step.in(units::flop) / peak,
                               setup.model_flops_per_step.in(units::flop) / peak};
  });
  const double step = facts[0];
  EXPECT_GT(step, 0);
  EXPECT_NEAR(facts[1] / step, 1, 1e-9) << "breakdown\n" << text_;
  EXPECT_NEAR(facts[2] / step, 1, 1e-9) << "blames\n" << text_;
  EXPECT_LE(facts[3], 1 + 1e-9) << "busiest channel\n" << text_;
  EXPECT_GT(facts[4], 0);
  EXPECT_LE(facts[4], 1) << text_;
  EXPECT_GE(step, facts[5]) << "executed FLOPs at peak\n" << text_;
  EXPECT_GE(step, facts[6]) << "model FLOPs at peak\n" << text_;
}

TEST_P(TrainingLaw, contention_only_slows) {
  const JobCase job_case(draw_.platform, draw_.workload);
  const auto setup = job_case.prepare();
  const double ideal =
      test::seconds_of(study::simulate_whole_training(setup, *test::ideal_executor(job_case.topology.fabric)));
  const auto fluid = test::on_engine(draw_, NetworkKind::fluid, [](const auto& own, task::Executor& executor) {
    return std::vector<double>{test::seconds_of(study::simulate_whole_training(own, executor))};
  });
  EXPECT_LE(ideal, fluid[0] * (1 + 1e-9)) << text_;
}

TEST_P(TrainingLaw, a_continued_step_is_the_whole_step) {
  const auto times = test::on_engine(draw_, NetworkKind::fluid, [](const auto& setup, task::Executor& executor) {
    return std::vector<double>{test::seconds_of(study::simulate_training(setup, executor)),
                               test::seconds_of(study::simulate_whole_training(setup, executor))};
  });
  EXPECT_NEAR(times[0] / times[1], 1, 0.005) << text_;
}

TEST_P(TrainingLaw, more_micro_batches_are_never_faster) {
  const JobCase job_case(draw_.platform, draw_.workload);
  training::TrainingJob job = job_case.job;
  const int group = draw_.interleaved ? job.plan.pp : 1;
  double before = 0;
  for (int count = group; count <= 4 * group; count += group) {
    job.global_batch = job.plan.dp * count;
    const auto setup = training::prepare(job, job_case.platform, job_case.topology);
    const double time =
        test::seconds_of(study::simulate_whole_training(setup, *test::ideal_executor(job_case.topology.fabric)));
    EXPECT_GT(time, before) << count << '\n' << text_;
    before = time;
  }
}

TEST_P(TrainingLaw, a_second_run_is_the_first_to_the_last_bit) {
  const auto run = [&] {
    return test::on_engine(draw_, NetworkKind::fluid, [](const auto& setup, task::Executor& executor) {
      const study::TrainingResult result = study::simulate_training(setup, executor);
      std::vector<double> figures{test::seconds_of(result)};
      for (const auto& [cause, time] : result.job.breakdown) figures.push_back(time.in(units::s));
      for (const auto& [key, time] : result.job.blames) figures.push_back(time.in(units::s));
      for (const auto& channel : result.channels) figures.push_back(channel.bytes.in(units::B));
      return figures;
    });
  };
  EXPECT_EQ(run(), run());
}

INSTANTIATE_TEST_SUITE_P(RandomJobs, TrainingLaw, testing::Range(1U, 25U));

}  // namespace
}  // namespace aifsim
