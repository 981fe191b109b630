#include "report/human.hpp"

#include <gtest/gtest.h>

namespace aifsim::report {
namespace {

TEST(Human, seconds_have_four_digits_in_the_fitting_unit) {
  EXPECT_EQ(human(6.2141 * units::s), "6.214 s");
  EXPECT_EQ(human(62.141 * units::s), "62.14 s");
  EXPECT_EQ(human(86400 * units::s), "86400 s");
  EXPECT_EQ(human(812.04 * units::us), "812.0 us");
  EXPECT_EQ(human(3 * units::ns), "3.000 ns");
  EXPECT_EQ(human(Seconds{}), "0 s");
  EXPECT_EQ(human(18 * units::ms, 6.2 * units::s), "0.018 s");
  EXPECT_EQ(human(6.2 * units::s, 18 * units::ms), "6200.00 ms");
}

TEST(Human, bytes_are_decimal) {
  EXPECT_EQ(human(80 * units::GB), "80.0 GB");
  EXPECT_EQ(human(1 * units::GiB), "1.07 GB");
  EXPECT_EQ(human(17 * units::B), "17 B");
  EXPECT_EQ(human(1.5e15 * units::B), "1.50 PB");
}

TEST(Human, counts_are_grouped) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1000), "1,000");
  EXPECT_EQ(human_count(16384), "16,384");
  EXPECT_EQ(human_count(-1234567), "-1,234,567");
}

TEST(Human, bars_never_leave_their_columns) {
  EXPECT_EQ(bar(0, 10), "");
  EXPECT_EQ(bar(1, 4), "████");
  EXPECT_EQ(bar(7, 4), "████");
  EXPECT_EQ(bar(0.5, 3), "█▌");
  EXPECT_EQ(bar(1e-9, 10), "▏") << "what is there is seen";
  EXPECT_EQ(bar(-1, 10), "");
}

TEST(Human, width_counts_code_points) {
  EXPECT_EQ(display_width("leaf12→spine0"), 13U);
  EXPECT_EQ(shortened("leaf12→spine0", 13), "leaf12→spine0");
  EXPECT_EQ(shortened("leaf12→spine0", 9), "leaf…ine0");
  EXPECT_EQ(display_width(shortened("→→→→→→→→→→", 5)), 5U);
}

TEST(Human, wraps_at_blanks) {
  EXPECT_EQ(wrapped("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(wrapped("unbreakable", 3, 1), "unbreakable");
  EXPECT_EQ(wrapped("", 3, 1), "");
}

}  // namespace
}  // namespace aifsim::report
