// Laws of DESIGN §9 that hold for any graph of flows: the clock, repeatability, scaling.
#include <gtest/gtest.h>

#include "engine/flow_case.hpp"

namespace aifsim {
namespace {

using engine::NetworkKind;
using test::EventLog;
using test::FlowCase;

std::vector<double> events_on(NetworkKind network, const FlowCase& flow_case) {
  return test::in_child([&] {
    const topology::Fabric fabric = test::row_of_channels(flow_case.capacities);
    const auto executor = engine::make_simgrid_executor(fabric, network);
    const test::CaseGraph made = test::graph_of(flow_case, false);
    EventLog log;
    executor->submit(made.graph, log, [] {});
    executor->run();
    std::vector<double> flat;
    for (const EventLog::Event& event : log.events) {
      flat.insert(flat.end(), {event.end ? 1.0 : 0.0, static_cast<double>(event.task.index()), event.when,
                               event.bound.valid() ? static_cast<double>(event.bound.index()) : -1.0});
    }
    return flat;
  });
}

class NetworkLaws : public testing::TestWithParam<NetworkKind> {};
INSTANTIATE_TEST_SUITE_P(Networks, NetworkLaws, testing::Values(NetworkKind::fluid, NetworkKind::simgrid),
                         [](const auto& test) { return test.param == NetworkKind::fluid ? "fluid" : "simgrid"; });

TEST_P(NetworkLaws, TheSameGraphGivesTheSameEventsAndTheClockOnlyRises) {
  for (std::uint64_t seed = 3001; seed <= 3030; ++seed) {
    const FlowCase flow_case = test::random_case(seed);
    const std::vector<double> events = events_on(GetParam(), flow_case);
    EXPECT_EQ(events, events_on(GetParam(), flow_case)) << "seed " << seed;
    double last = 0.0;
    for (std::size_t i = 2; i < events.size(); i += 4) {
      EXPECT_GE(events[i], last) << "seed " << seed;
      last = events[i];
    }
    EXPECT_EQ(events.size(), 8 * test::graph_of(flow_case, false).graph.size()) << "each task starts and ends once";
  }
}

// With delays this is no law: what overlaps with what changes.
TEST_P(NetworkLaws, BandwidthTimesKDividesTheTimeOfAGraphOfFlowsByK) {
  for (std::uint64_t seed = 4001; seed <= 4030; ++seed) {
    FlowCase flow_case = test::random_case(seed, {.delays = false});
    const std::vector<double> slow = test::ends_on(GetParam(), flow_case, false);
    constexpr double k = 1.37;
    for (double& capacity : flow_case.capacities) capacity *= k;
    for (FlowCase::Flow& flow : flow_case.flows) flow.rate_limit *= k;
    const std::vector<double> fast = test::ends_on(GetParam(), flow_case, false);
    ASSERT_EQ(slow.size(), fast.size());
    for (std::size_t i = 0; i < slow.size(); ++i) EXPECT_NEAR(fast[i] * k, slow[i], 1e-9 * slow[i]) << "seed " << seed;
  }
}

}  // namespace
}  // namespace aifsim
