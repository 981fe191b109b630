#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "metrics/additive.hpp"
#include "metrics/label.hpp"
#include "metrics/percentile.hpp"
#include "metrics/throughput.hpp"
#include "metrics/timeline.hpp"

namespace aifsim::metrics {
namespace {

TEST(Percentile, is_numpys_default) {
  EXPECT_DOUBLE_EQ(percentile({4, 1, 3, 2}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(percentile({1, 2, 3, 4, 5}, 0.9), 4.6);
  EXPECT_DOUBLE_EQ(percentile({7}, 0.99), 7);
  EXPECT_DOUBLE_EQ(percentile({2, 1}, 0), 1);
  EXPECT_DOUBLE_EQ(percentile({2, 1}, 1), 2);
  EXPECT_TRUE(std::isnan(percentile({}, 0.5)));
  EXPECT_THROW((void)percentile({1}, 1.5), InternalError);
}

TEST(Throughput, divides_the_work_by_time_and_gpus) {
  const Throughput rate = throughput({.tokens = 8192,
                                      .model_flops = 800 * units::TFLOP,
                                      .hardware_flops = 1000 * units::TFLOP,
                                      .gpus = 4,
                                      .peak_per_gpu = 1000 * units::TFLOP_per_s},
                                     0.5 * units::s);
  EXPECT_DOUBLE_EQ(rate.tokens_per_s, 16384);
  EXPECT_DOUBLE_EQ(rate.tokens_per_s_per_gpu, 4096);
  EXPECT_DOUBLE_EQ(rate.model_flops_per_gpu.in(units::TFLOP_per_s), 400);
  EXPECT_DOUBLE_EQ(rate.mfu, 0.4);
  EXPECT_DOUBLE_EQ(rate.hfu, 0.5);
  EXPECT_THROW((void)throughput({}, Seconds{}), InternalError);
}

TEST(Label, splits_at_the_first_colon) {
  EXPECT_EQ(split_label("tp_comm:all-gather: x").cause, "tp_comm");
  EXPECT_EQ(split_label("tp_comm:all-gather: x").detail, "all-gather: x");
  EXPECT_EQ(split_label("bubble").cause, "bubble");
  EXPECT_EQ(split_label("bubble").detail, "bubble");
}

TEST(Extrapolate, what_would_be_negative_is_taken_from_the_rest) {
  const std::map<std::string, Seconds> a{{"warm-up", 3 * units::s}, {"work", 1 * units::s}};
  const std::map<std::string, Seconds> b{{"warm-up", 2 * units::s}, {"work", 3 * units::s}};
  const auto c = extrapolate(a, b, 5);  // -2 and 11
  EXPECT_EQ(c.at("warm-up"), Seconds{});
  EXPECT_NEAR(c.at("work").in(units::s), 9, 1e-12);
  EXPECT_EQ(extrapolate(a, b, 0), a);
  EXPECT_EQ(extrapolate(a, b, 1), b);
}

TEST(Timeline, refuses_what_cannot_be) {
  Timeline timeline(1);
  EXPECT_THROW(timeline.started(TaskId(1), Seconds{}), InternalError);
  timeline.started(TaskId(0), 2 * units::s);
  EXPECT_FALSE(timeline.has_finished(TaskId(0)));
  EXPECT_THROW(timeline.finished(TaskId(0), 1 * units::s, {}), InternalError);
  timeline.finished(TaskId(0), 3 * units::s, ChannelId(4));
  EXPECT_EQ(timeline.elapsed(), 1 * units::s);
  EXPECT_EQ(timeline.bound(TaskId(0)), ChannelId(4));
}

}  // namespace
}  // namespace aifsim::metrics
