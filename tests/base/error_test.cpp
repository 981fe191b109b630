#include "base/error.hpp"

#include <gtest/gtest.h>

namespace aifsim {
namespace {

TEST(Problem, MessageNamesPlaceKeyAndHint) {
  EXPECT_EQ((Problem{"a.yaml", 4, 10, "x.y", "a size", "4", "did you mean 4 GB?"}.message()),
            "a.yaml:4:10: x.y: expected a size, got 4 (did you mean 4 GB?)");
  EXPECT_EQ((Problem{"a.yaml", 0, 0, "", "a file", "nothing", ""}.message()), "a.yaml: expected a file, got nothing");
  EXPECT_EQ((Problem{"", 0, 0, "--seed", "an integer", "x", ""}.message()), "--seed: expected an integer, got x");
}

TEST(ConfigError, HoldsEveryProblemOnALineOfItsOwn) {
  const ConfigError error(std::vector<Problem>{{"a", 1, 1, "k", "x", "y", ""}, {"b", 0, 0, "", "p", "q", ""}});
  EXPECT_STREQ(error.what(), "a:1:1: k: expected x, got y\nb: expected p, got q");
  EXPECT_EQ(error.problems().size(), 2U);
}

TEST(Ensure, NamesTheBrokenLawAndItsPlace) {
  EXPECT_NO_THROW(ensure(true, "holds"));
  try {
    ensure(false, "bytes out = bytes in");
    FAIL();
  } catch (const InternalError& error) {
    EXPECT_NE(std::string(error.what()).find("error_test.cpp:"), std::string::npos);
    EXPECT_TRUE(std::string(error.what()).ends_with(": bytes out = bytes in"));
  }
}

}  // namespace
}  // namespace aifsim
