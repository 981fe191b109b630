#include "metrics/breakdown.hpp"

#include <gtest/gtest.h>

#include "metrics/random_graph.hpp"

namespace aifsim::metrics {
namespace {

TaskId flow(task::TaskGraph& graph, std::size_t device, Seconds time, const char* label,
            std::vector<TaskId> after = {}) {
  return graph.flow(
      {.path = graph.path({}), .bytes = {}, .latency = time, .rate_limit = {}, .device = DeviceId(device)},
      graph.label(label), after);
}

TEST(Breakdown, compute_hides_communication_and_idle_time_is_bubble) {
  task::TaskGraph graph;
  const TaskId work = graph.compute(DeviceId(0), 4 * units::ms, graph.label("compute:a"));
  flow(graph, 0, 6 * units::ms, "dp_comm:hidden then exposed");
  const TaskId other = graph.compute(DeviceId(1), 9 * units::ms, graph.label("compute:elsewhere"), std::array{work});
  (void)graph.compute(DeviceId(0), 1 * units::ms, graph.label("recompute:b"), std::array{other});
  const Breakdown breakdown = exposed_breakdown(graph, run_ideal(graph), DeviceId(0));
  ASSERT_EQ(breakdown.size(), 4U);
  EXPECT_NEAR(breakdown.at("compute").in(units::ms), 4, 1e-9);
  EXPECT_NEAR(breakdown.at("dp_comm").in(units::ms), 2, 1e-9);
  EXPECT_NEAR(breakdown.at("bubble").in(units::ms), 7, 1e-9);
  EXPECT_NEAR(breakdown.at("recompute").in(units::ms), 1, 1e-9);
}

TEST(Breakdown, of_several_transfers_the_one_that_ends_last_is_exposed) {
  task::TaskGraph graph;
  flow(graph, 0, 5 * units::ms, "tp_comm:long");
  flow(graph, 0, 3 * units::ms, "pp_comm:short");
  const Breakdown breakdown = exposed_breakdown(graph, run_ideal(graph), DeviceId(0));
  ASSERT_EQ(breakdown.size(), 1U);
  EXPECT_NEAR(breakdown.at("tp_comm").in(units::ms), 5, 1e-9);
}

TEST(Breakdown, a_timer_belongs_to_the_device_that_waits_for_it) {
  task::TaskGraph graph;
  const TaskId timer = graph.delay(2 * units::ms, graph.label("host:launch"));
  const TaskId joined = graph.join(graph.label("join"), std::array{timer});
  (void)graph.compute(DeviceId(0), 1 * units::ms, graph.label("compute:a"), std::array{joined});
  const Timeline timeline = run_ideal(graph);
  EXPECT_NEAR(exposed_breakdown(graph, timeline, DeviceId(0)).at("host").in(units::ms), 2, 1e-9);
  EXPECT_NEAR(exposed_breakdown(graph, timeline, DeviceId(1)).at("bubble").in(units::ms), 3, 1e-9);
}

TEST(Breakdown, a_timer_that_names_its_device_belongs_to_it_alone) {
  task::TaskGraph graph;
  const TaskId work = graph.compute(DeviceId(0), 1 * units::ms, graph.label("compute:a"));
  (void)graph.delay(2 * units::ms, graph.label("host:between steps"), std::array{work}, DeviceId(0));
  const Timeline timeline = run_ideal(graph);
  EXPECT_NEAR(exposed_breakdown(graph, timeline, DeviceId(0)).at("host").in(units::ms), 2, 1e-9);
  EXPECT_NEAR(exposed_breakdown(graph, timeline, DeviceId(1)).at("bubble").in(units::ms), 3, 1e-9);
}

TEST(Breakdown, of_nothing_is_nothing) {
  const task::TaskGraph graph;
  EXPECT_TRUE(exposed_breakdown(graph, run_ideal(graph), DeviceId(0)).empty());
}

}  // namespace
}  // namespace aifsim::metrics
