#include "base/rng.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "base/error.hpp"

namespace aifsim {
namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments moments(const std::function<double()>& draw) {
  constexpr int count = 100'000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / count;
  return {mean, squares / count - mean * mean};
}

// Written down once: results must not change from machine to machine, nor from version to version unnoticed.
TEST(Rng, GivesTheSameNumbersForEver) {
  Rng rng(42, "arrivals");
  const std::vector<std::uint64_t> first{rng.next(), rng.next(), rng.next()};
  EXPECT_EQ(first, (std::vector<std::uint64_t>{3859319846593888683U, 7881187824765002911U, 672737003905118764U}));
}

// splitmix64(0) as published with the algorithm (prng.di.unimi.it); FNV-1a's own test vector for "a".
TEST(Rng, BuildsOnPublishedAlgorithms) {
  EXPECT_EQ(mixed(0), 0xE220A8397B1DCDAFULL);
  EXPECT_EQ(stable_hash("a"), 0xAF63DC4C8601EC8CULL);
}

TEST(Rng, StreamsDifferByNameAndSeed) {
  EXPECT_EQ(Rng(1, "a").next(), Rng(1, "a").next());
  EXPECT_NE(Rng(1, "a").next(), Rng(1, "b").next());
  EXPECT_NE(Rng(1, "a").next(), Rng(2, "a").next());
  EXPECT_NE(Rng(0, "").next(), Rng(1, "").next());
}

TEST(Rng, UniformFillsItsRange) {
  Rng rng(1, "uniform");
  const Moments unit = moments([&] {
    const double x = rng.uniform();
    EXPECT_TRUE(x >= 0 && x < 1);
    return x;
  });
  EXPECT_NEAR(unit.mean, 0.5, 0.005);
  EXPECT_NEAR(unit.variance, 1.0 / 12, 0.002);
  EXPECT_NEAR(moments([&] { return rng.uniform(-2, 4); }).mean, 1, 0.03);
}

TEST(Rng, BelowIsUnbiased) {
  Rng rng(1, "below");
  std::vector<int> counts(6);
  for (int i = 0; i < 60'000; ++i) ++counts[rng.below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
  EXPECT_EQ(rng.below(1), 0U);
  // 3/4 of 2^64: without the refusal, the lower third would come up twice as often.
  const std::uint64_t limit = 3ULL << 62U;
  int low = 0;
  for (int i = 0; i < 30'000; ++i) low += rng.below(limit) < limit / 3 ? 1 : 0;
  EXPECT_NEAR(low, 10'000, 400);
  EXPECT_THROW(rng.below(0), InternalError);
}

TEST(Rng, BetweenIncludesBothEnds) {
  Rng rng(1, "between");
  std::vector<int> counts(3);
  for (int i = 0; i < 3000; ++i) ++counts[static_cast<std::size_t>(rng.between(-1, 1) + 1)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 150);
  EXPECT_EQ(rng.between(7, 7), 7);
  using Limits = std::numeric_limits<std::int64_t>;
  EXPECT_NE(rng.between(Limits::min(), Limits::max()), rng.between(Limits::min(), Limits::max()));
  EXPECT_THROW(rng.between(1, 0), InternalError);
}

TEST(Rng, DistributionsHaveTheirMoments) {
  Rng rng(7, "moments");
  const Moments exponential = moments([&] { return rng.exponential(3); });
  EXPECT_NEAR(exponential.mean, 3, 0.05);
  EXPECT_NEAR(exponential.variance, 9, 0.4);
  const Moments normal = moments([&] { return rng.normal(-1, 2); });
  EXPECT_NEAR(normal.mean, -1, 0.03);
  EXPECT_NEAR(normal.variance, 4, 0.1);
  for (const double shape : {0.25, 1.0, 5.0}) {
    const Moments gamma = moments([&] { return rng.gamma(shape, 2); });
    EXPECT_NEAR(gamma.mean, 2 * shape, 0.05 * std::sqrt(shape)) << shape;
    EXPECT_NEAR(gamma.variance, 4 * shape, 0.3 * shape + 0.1) << shape;
  }
}

TEST(Rng, ExponentialIsNeverInfiniteOrNegative) {
  Rng rng(3, "tail");
  for (int i = 0; i < 100'000; ++i) {
    const double x = rng.exponential(1);
    ASSERT_TRUE(std::isfinite(x) && x >= 0);
  }
}

}  // namespace
}  // namespace aifsim
