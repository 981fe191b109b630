// What holds for every graph (DESIGN §9).
#include <gtest/gtest.h>

#include "metrics/additive.hpp"
#include "metrics/breakdown.hpp"
#include "metrics/channel_usage.hpp"
#include "metrics/critical_path.hpp"
#include "metrics/random_graph.hpp"

namespace aifsim::metrics {
namespace {

std::string channel_name(ChannelId channel) { return "channel" + std::to_string(channel.index()); }

class MetricsLaw : public testing::TestWithParam<unsigned> {
 protected:
  task::TaskGraph graph_ = RandomGraph(GetParam()).build(20 + 37 * (GetParam() % 11));
  Timeline timeline_ = run_ideal(graph_);
  double step_ = timeline_.elapsed().in(units::s);
  double tolerance_ = 1e-9 * step_;
};

TEST_P(MetricsLaw, every_task_has_run_inside_the_step) {
  ASSERT_EQ(timeline_.finished_count(), graph_.size());
  for (std::size_t i = 0; i < graph_.size(); ++i) {
    EXPECT_TRUE(timeline_.has_finished(TaskId(i)));
    EXPECT_GE(timeline_.start(TaskId(i)), timeline_.begin());
    EXPECT_LE(timeline_.finish(TaskId(i)), timeline_.end());
  }
}

TEST_P(MetricsLaw, blames_sum_to_the_step) {
  const Blames plain = critical_path(graph_, timeline_, channel_name);
  EXPECT_NEAR(total(plain).in(units::s), step_, tolerance_);
  const Composition composition{{"compute:layer", {{"gemm", 3.0}, {"norm", 1.0}}}, {"recompute:layer", {}}};
  const Blames split = critical_path(graph_, timeline_, channel_name, composition);
  EXPECT_NEAR(total(split).in(units::s), step_, tolerance_);
  for (const auto& [key, amount] : split) EXPECT_GT(amount, Seconds{}) << key.resource;
  double share = 0;
  for (const Bottleneck& entry : ranked(split)) share += entry.share;
  EXPECT_NEAR(share, step_ > 0 ? 1 : 0, 1e-9);
}

TEST_P(MetricsLaw, an_ideal_run_has_no_contention) {
  for (const auto& [key, amount] : critical_path(graph_, timeline_, channel_name)) EXPECT_NE(key.kind, "contention");
}

TEST_P(MetricsLaw, breakdown_sums_to_the_step_on_every_device) {
  for (std::size_t device = 0; device < device_count + 1; ++device) {
    const Breakdown breakdown = exposed_breakdown(graph_, timeline_, DeviceId(device));
    EXPECT_NEAR(total(breakdown).in(units::s), step_, tolerance_);
    for (const auto& [cause, amount] : breakdown) EXPECT_GT(amount, Seconds{}) << cause;
  }
}

TEST_P(MetricsLaw, bytes_out_are_bytes_in) {
  double sent = 0;
  for (std::size_t i = 0; i < graph_.size(); ++i) {
    const task::Task& task = graph_.task(TaskId(i));
    if (task.kind != task::TaskKind::flow) continue;
    for (const ChannelUse& use : graph_.channels(task.path)) sent += task.bytes.in(units::B)*use.multiplicity;
  }
  EXPECT_NEAR(total(channel_bytes(graph_, timeline_)).in(units::B), sent, 1e-9 * sent);
}

TEST_P(MetricsLaw, extrapolation_keeps_sums_and_signs) {
  const task::TaskGraph other = RandomGraph(GetParam() + 1000).build(60);
  const Timeline other_timeline = run_ideal(other);
  for (const double factor : {0.0, 0.5, 1.0, 2.0, 15.0}) {
    const Breakdown a = exposed_breakdown(graph_, timeline_, DeviceId(0));
    const Breakdown b = exposed_breakdown(other, other_timeline, DeviceId(0));
    const Breakdown c = extrapolate(a, b, factor);
    const double wanted = extrapolate_amount(total(a), total(b), factor).in(units::s);
    EXPECT_NEAR(total(c).in(units::s), wanted, 1e-9 * (1 + factor) * (total(a) + total(b)).in(units::s));
    for (const auto& [cause, amount] : c) EXPECT_GE(amount, Seconds{}) << cause;
  }
}

INSTANTIATE_TEST_SUITE_P(RandomGraphs, MetricsLaw, testing::Range(1U, 13U));

}  // namespace
}  // namespace aifsim::metrics
