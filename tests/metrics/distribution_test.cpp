#include "metrics/distribution.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace aifsim::metrics {
namespace {

TEST(Distribution, NothingAdded) {
  const Distribution empty;
  EXPECT_EQ(empty.mean(), Seconds{});
  EXPECT_EQ(empty.percentile(0.99), Seconds{});
}

TEST(Distribution, ZerosCount) {
  Distribution times;
  times.add(Seconds{}, 3);
  times.add(2 * units::s);
  EXPECT_EQ(times.percentile(0.5), Seconds{});
  EXPECT_DOUBLE_EQ(times.mean().in(units::s), 0.5);
  EXPECT_EQ(times.most(), 2 * units::s);
}

TEST(Distribution, PercentilesOfRandomValuesAreWithinHalfAPercent) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> draw(-3, 2);
  std::vector<double> values;
  Distribution times;
  double sum = 0;
  for (int i = 0; i < 20000; ++i) {
    values.push_back(draw(random));
    sum += values.back();
    times.add(values.back() * units::s);
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = values[static_cast<std::size_t>(share * 20000)];
    EXPECT_NEAR(times.percentile(share).in(units::s), exact, exact * 0.01) << share;
  }
  EXPECT_NEAR(times.mean().in(units::s), sum / 20000, 1e-9 * sum);
  EXPECT_EQ(times.least().in(units::s), values.front());
  EXPECT_EQ(times.percentile(1).in(units::s), values.back());
}

TEST(Distribution, ALineIsItsPoints) {
  Distribution line, points;
  line.add_line(10 * units::ms, 30 * units::ms, 1000, 4);
  for (int i = 0; i < 1000; ++i) points.add((10 + 20 * (i + 0.5) / 1000) * units::ms, 4);
  EXPECT_NEAR(line.weight(), points.weight(), 1e-6);
  EXPECT_NEAR(line.mean().in(units::ms), points.mean().in(units::ms), 1e-6);
  for (const double share : {0.1, 0.5, 0.9}) {
    EXPECT_NEAR(line.percentile(share) / points.percentile(share), 1, 0.01) << share;
  }
}

TEST(Distribution, WeightsAreRepetitions) {
  Distribution weighted, repeated;
  for (int i = 1; i <= 5; ++i) {
    weighted.add(i * units::s, i);
    for (int k = 0; k < i; ++k) repeated.add(i * units::s);
  }
  for (const double share : {0.05, 0.5, 0.95}) EXPECT_EQ(weighted.percentile(share), repeated.percentile(share));
  EXPECT_EQ(weighted.mean(), repeated.mean());
}

}  // namespace
}  // namespace aifsim::metrics
