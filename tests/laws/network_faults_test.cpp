// Flows that lose their way in mid-run and get another: the networks agree, no byte is lost, nothing hangs.
#include <gtest/gtest.h>

#include "engine/reroute_case.hpp"

namespace aifsim {
namespace {

using engine::NetworkKind;

constexpr std::uint64_t cases = 150;

TEST(NetworkFaults, TheNetworksAgreeOnFlowsThatAreRedirected) {
  double redirected = 0;
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    const test::DeathCase death_case = test::random_death_case(seed);
    const std::vector<double> ours = test::ends_on(NetworkKind::fluid, death_case, false);
    const std::vector<double> reference = test::ends_on(NetworkKind::simgrid, death_case, true);
    ASSERT_EQ(ours.size(), reference.size());
    for (std::size_t i = 0; i + 1 < ours.size(); ++i) {
      ASSERT_NEAR(ours[i], reference[i], 1e-6 * reference[i] + 2e-9) << "seed " << seed << ", flow " << i;
    }
    redirected += ours.back();
  }
  EXPECT_GT(redirected, 2.0 * cases) << "the deaths do hit";
}

TEST(NetworkFaults, NoRedirectedFlowEndsBeforeItWouldAlone) {
  for (std::uint64_t seed = 1001; seed <= 1100; ++seed) {
    const test::DeathCase death_case = test::random_death_case(seed);
    const std::vector<double> ideal = test::ends_when_ideal(death_case);
    const std::vector<double> fluid = test::ends_on(NetworkKind::fluid, death_case, false);
    for (std::size_t i = 0; i + 1 < ideal.size(); ++i) {
      ASSERT_LE(ideal[i], fluid[i] * (1 + 1e-12) + 1e-15) << "seed " << seed << ", flow " << i;
    }
  }
}

TEST(NetworkFaults, RunsRepeat) {
  const test::DeathCase death_case = test::random_death_case(5);
  EXPECT_EQ(test::ends_on(NetworkKind::fluid, death_case, false), test::ends_on(NetworkKind::fluid, death_case, false));
}

}  // namespace
}  // namespace aifsim
