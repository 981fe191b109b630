// The fluid network and SimGrid's own agree (DESIGN §4), and neither beats the ideal one.
#include <gtest/gtest.h>

#include "engine/flow_case.hpp"

namespace aifsim {
namespace {

using engine::NetworkKind;
using test::FlowCase;

constexpr std::uint64_t cases = 250, changing_cases = 550;

void expect_agreement(const std::vector<double>& ours, const std::vector<double>& reference, std::uint64_t seed) {
  ASSERT_EQ(ours.size(), reference.size()) << "seed " << seed;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ASSERT_NEAR(ours[i], reference[i], 1e-6 * reference[i] + 2e-9) << "seed " << seed << ", flow " << i;
  }
}

TEST(NetworkAgreement, AWeightedFluidFlowIsAsManyFlowsOfSimgrid) {
  for (std::uint64_t seed = 1; seed <= cases; ++seed) {
    const FlowCase flow_case = test::random_case(seed);
    expect_agreement(test::ends_on(NetworkKind::fluid, flow_case, false),
                     test::ends_on(NetworkKind::simgrid, flow_case, true), seed);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(NetworkAgreement, ChannelsMayDegradeDieAndReturnInMidRun) {
  std::size_t changes = 0;
  for (std::uint64_t seed = 5001; seed < 5001 + changing_cases; ++seed) {
    const FlowCase flow_case = test::random_case(seed, {.changes = true});
    changes += flow_case.changes.size();
    expect_agreement(test::ends_on(NetworkKind::fluid, flow_case, false),
                     test::ends_on(NetworkKind::simgrid, flow_case, true), seed);
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(changes, 3 * changing_cases);
}

TEST(NetworkAgreement, AWeightedFlowOfSimgridIsAsManyFlows) {
  for (std::uint64_t seed = 1001; seed <= 1050; ++seed) {
    const FlowCase flow_case = test::random_case(seed);
    expect_agreement(test::ends_on(NetworkKind::simgrid, flow_case, false),
                     test::ends_on(NetworkKind::simgrid, flow_case, true), seed);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(NetworkAgreement, NoFlowEndsBeforeItWouldAlone) {
  std::size_t slowed = 0;
  for (std::uint64_t seed = 2001; seed <= 2100; ++seed) {
    const FlowCase flow_case = test::random_case(seed, {.changes = seed % 2 == 0});
    const std::vector<double> ideal = test::ends_when_ideal(flow_case);
    const std::vector<double> fluid = test::ends_on(NetworkKind::fluid, flow_case, false);
    ASSERT_EQ(ideal.size(), fluid.size());
    for (std::size_t i = 0; i < ideal.size(); ++i) {
      ASSERT_LE(ideal[i], fluid[i] * (1 + 1e-12)) << "seed " << seed << ", flow " << i;
      if (fluid[i] > ideal[i] * 1.01) ++slowed;
    }
  }
  EXPECT_GT(slowed, 100U) << "the cases do contend";
}

}  // namespace
}  // namespace aifsim
