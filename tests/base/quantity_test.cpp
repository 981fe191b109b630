#include "base/quantity.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace aifsim {
namespace {

// Dimensions are checked by the compiler: these expressions exist, or must not.
template <typename A, typename B>
concept Addable = requires(A a, B b) {
  a + b;
};
template <typename A, typename B>
concept Comparable = requires(A a, B b) {
  a < b;
};

static_assert(std::is_same_v<decltype(Bytes{} / BytesPerSecond{}), Seconds>);
static_assert(std::is_same_v<decltype(Flops{} / FlopsPerSecond{}), Seconds>);
static_assert(std::is_same_v<decltype(Watts{} * Seconds{}), Joules>);
static_assert(std::is_same_v<decltype(Bytes{} / Bytes{}), double>);
static_assert(Addable<Bytes, Bytes>);
static_assert(!Addable<Bytes, Seconds>);
static_assert(!Addable<Bytes, double>);
static_assert(!Comparable<Bytes, Seconds>);
static_assert(!std::is_convertible_v<double, Bytes>);
static_assert(!std::is_convertible_v<Bytes, double>);

TEST(Quantity, ConvertsBetweenUnits) {
  EXPECT_DOUBLE_EQ((400 * units::Gbit_per_s).in(units::GB_per_s), 50);
  EXPECT_DOUBLE_EQ((1 * units::GiB).in(units::B), 1073741824);
  EXPECT_DOUBLE_EQ((1 * units::GB).in(units::B), 1e9);
  EXPECT_DOUBLE_EQ((2 * units::hour).in(units::s), 7200);
  EXPECT_DOUBLE_EQ((1.5 * units::us).in(units::ns), 1500);
}

TEST(Quantity, Calculates) {
  const Seconds time = 900 * units::GB / (450 * units::GB_per_s);
  EXPECT_DOUBLE_EQ(time.in(units::s), 2);
  EXPECT_DOUBLE_EQ((time * (700 * units::W)).in(units::J), 1400);
  Bytes sum = units::GB;
  sum += 3 * units::GB;
  sum -= units::GB;
  sum *= 4;
  sum /= 2;
  EXPECT_DOUBLE_EQ(sum.in(units::GB), 6);
  EXPECT_DOUBLE_EQ((sum - 2 * units::GB) / units::GB, 4);
  EXPECT_LT(units::GB, units::GiB);
  EXPECT_EQ(Bytes{}, 0 * units::GB);
}

}  // namespace
}  // namespace aifsim
