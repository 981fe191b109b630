#include "study/study_expression.hpp"

#include <gtest/gtest.h>

#include <map>

namespace aifsim::study {
namespace {

Figure value_of(const std::string& text) {
  static const std::map<std::string, Figure> known{
      {"a.b", 6.0}, {"c-d", 4.0}, {"word", std::string("yes")}, {"zero", 0.0}};
  return Expression::parse(text).value([](const std::string& key) {
    const auto found = known.find(key);
    return found == known.end() ? Figure{} : found->second;
  });
}

TEST(Expression, operators_bind_as_in_arithmetic) {
  EXPECT_EQ(value_of("2 + 3 * 4 - 6 / 2"), Figure(11.0));
  EXPECT_EQ(value_of("( 2 + 3 ) * 4"), Figure(20.0));
  EXPECT_EQ(value_of("(2 + 3) * 4"), Figure(20.0));
  EXPECT_EQ(value_of("10 - 4 - 3"), Figure(3.0));
  EXPECT_EQ(value_of("24 / 4 / 3"), Figure(2.0));
  EXPECT_EQ(value_of("1e3"), Figure(1000.0));
}

TEST(Expression, keys_hold_anything_but_blanks_and_parentheses) {
  EXPECT_EQ(value_of("a.b / ( c-d + 2 )"), Figure(1.0));
  EXPECT_EQ(Expression::parse("a.b / ( c-d + 2 )").keys(), (std::vector<std::string>{"a.b", "c-d"}));
}

TEST(Expression, a_lone_key_may_stand_for_text_and_a_sum_may_not) {
  EXPECT_EQ(value_of("word"), Figure(std::string("yes")));
  EXPECT_EQ(value_of("word + 1"), Figure());
  EXPECT_EQ(value_of("missing"), Figure());
  EXPECT_EQ(value_of("a.b + missing"), Figure());
  EXPECT_EQ(value_of("a.b / zero"), Figure());
}

TEST(Expression, mistakes_say_what_is_missing) {
  for (const char* text : {"", "1 +", "( 1", "1 )", "1 2", "* 2", "a b", "( )", "1 + + 2"}) {
    EXPECT_THROW((void)Expression::parse(text), Expression::Mistake) << text;
  }
  std::string deep(5000, '(');
  EXPECT_THROW((void)Expression::parse(deep), Expression::Mistake);
}

}  // namespace
}  // namespace aifsim::study
