#include "engine/simgrid_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "engine/flow_case.hpp"

namespace aifsim::engine {
namespace {

using task::TaskGraph;
using test::EventLog;

class SimgridExecutor : public testing::TestWithParam<NetworkKind> {
 protected:
  // Runs `graph` and returns what happened.
  EventLog run() {
    EventLog log;
    executor->submit(graph, log, [this] { done_at = executor->now().base(); });
    executor->run();
    return log;
  }
  TaskId flow(std::size_t channel, double bytes, TaskGraph::Flow rest = {}, std::vector<TaskId> after = {}) {
    const ChannelUse use{ChannelId{channel}, 1.0};
    rest.path = graph.path({&use, 1});
    rest.bytes = units::B * bytes;
    return graph.flow(rest, label, after);
  }
  TaskId compute(std::size_t device, double seconds, std::vector<TaskId> after = {}) {
    return graph.compute(DeviceId{device}, units::s * seconds, label, after);
  }

  topology::Fabric fabric = test::row_of_channels({10.0, 10.0});
  std::unique_ptr<task::Executor> executor = make_simgrid_executor(fabric, GetParam());
  TaskGraph graph;
  LabelId label = graph.label("test");
  double done_at = -1.0;
};
INSTANTIATE_TEST_SUITE_P(Networks, SimgridExecutor, testing::Values(NetworkKind::fluid, NetworkKind::simgrid),
                         [](const auto& test) { return test.param == NetworkKind::fluid ? "fluid" : "simgrid"; });

TEST_P(SimgridExecutor, RunsTasksWhenTheirDependenciesHaveEnded) {
  const TaskId first = compute(0, 2.0);
  const TaskId moved = flow(0, 50.0, {}, {first});
  const TaskId waited = graph.delay(units::s * 1.0, label, std::vector{first});
  const TaskId joined = graph.join(label, std::vector{moved, waited});
  const EventLog log = run();
  EXPECT_DOUBLE_EQ(log.end_of(first), 2.0);
  EXPECT_DOUBLE_EQ(log.start_of(moved), 2.0);
  EXPECT_DOUBLE_EQ(log.end_of(waited), 3.0);
  EXPECT_DOUBLE_EQ(log.end_of(moved), 7.0);
  EXPECT_DOUBLE_EQ(log.end_of(joined), 7.0);
  EXPECT_DOUBLE_EQ(done_at, 7.0);
  EXPECT_EQ(executor->counters().tasks, 4U);
  EXPECT_EQ(executor->counters().flows, 1U);
}

TEST_P(SimgridExecutor, ConcurrentComputesShareTheirDevice) {
  const TaskId a = compute(0, 1.0), b = compute(0, 2.0), elsewhere = compute(1, 1.0);
  const EventLog log = run();
  EXPECT_DOUBLE_EQ(log.end_of(elsewhere), 1.0);
  EXPECT_DOUBLE_EQ(log.end_of(a), 2.0);
  EXPECT_DOUBLE_EQ(log.end_of(b), 3.0);
}

TEST_P(SimgridExecutor, AFlowStealsComputeOnlyWhileItsBytesMove) {
  const TaskId slowed = compute(0, 3.0), free = compute(1, 3.0);
  // Latency until 1 s, then bytes until 3 s: one second of compute, 2 * 0.75, and what is left.
  flow(0, 20.0,
       {.path = {}, .bytes = {}, .latency = units::s * 1.0, .rate_limit = {}, .device = DeviceId{0}, .steal = 0.25});
  const EventLog log = run();
  EXPECT_NEAR(log.end_of(slowed), 3.5, 1e-12);
  EXPECT_DOUBLE_EQ(log.end_of(free), 3.0);
}

TEST_P(SimgridExecutor, StealingMoreThanADeviceLeavesOneHundredthAndSharesIt) {
  const TaskGraph::Flow steals{
      .path = {}, .bytes = {}, .latency = {}, .rate_limit = {}, .device = DeviceId{0}, .steal = 0.7};
  flow(0, 10.0, steals);
  flow(1, 10.0, steals);
  const TaskId a = compute(0, 1.0), b = compute(0, 1.0);
  const EventLog log = run();
  EXPECT_NEAR(log.end_of(a), 1.0 + 1.99, 1e-9);  // each has got 0.005 when the flows end
  EXPECT_NEAR(log.end_of(b), 1.0 + 1.99, 1e-9);
}

TEST_P(SimgridExecutor, FlowsPayLatencyKeepToTheirLimitAndShareChannels) {
  const TaskId late =
      flow(0, 100.0, {.path = {}, .bytes = {}, .latency = units::s * 4.0, .rate_limit = {}, .device = {}});
  const TaskId limited =
      flow(0, 20.0, {.path = {}, .bytes = {}, .latency = {}, .rate_limit = units::B_per_s * 2.0, .device = {}});
  const EventLog log = run();
  EXPECT_NEAR(log.end_of(limited), 10.0, 1e-9);
  EXPECT_NEAR(log.end_of(late), 4.0 + 6.0 + 5.2, 1e-9);  // 8 B/s for 6 s, then 10 B/s
}

TEST_P(SimgridExecutor, TakesUnequalAndFractionalMultiplicities) {
  const std::vector<ChannelUse> unequal{{ChannelId{0}, 3.0}, {ChannelId{1}, 0.5}}, plain{{ChannelId{1}, 1.0}};
  const TaskId a = graph.flow(
      {.path = graph.path(unequal), .bytes = units::B * 10.0, .latency = {}, .rate_limit = {}, .device = {}}, label);
  const TaskId b = graph.flow(
      {.path = graph.path(plain), .bytes = units::B * 25.0, .latency = {}, .rate_limit = {}, .device = {}}, label);
  const EventLog log = run();
  EXPECT_NEAR(log.end_of(a), 3.0, 1e-9);                           // 10/3 B/s, bound by channel 0
  EXPECT_NEAR(log.end_of(b), 25.0 / (10.0 - 0.5 * 10 / 3), 1e-9);  // what that leaves of channel 1
}

TEST_P(SimgridExecutor, WhatTakesNoTimeEndsAtOnce) {
  const TaskId nothing = compute(0, 0.0), empty = flow(0, 0.0);
  const TaskId nowhere = graph.flow(
      {.path = graph.path({}), .bytes = units::B * 1.0, .latency = units::s * 1.0, .rate_limit = {}, .device = {}},
      label);
  const EventLog log = run();
  EXPECT_EQ(log.end_of(nothing), 0.0);
  EXPECT_EQ(log.end_of(empty), 0.0);
  EXPECT_EQ(log.end_of(nowhere), 1.0);
  EXPECT_EQ(done_at, 1.0);
}

TEST_P(SimgridExecutor, CallbacksSubmitMore) {
  EventLog outer, inner;
  compute(0, 1.0);
  TaskGraph more;
  const TaskId later = more.compute(DeviceId{1}, units::s * 2.0, more.label("later"));
  std::vector<double> calls;
  executor->at(units::s * 0.5, [&] { calls.push_back(executor->now().base()); });
  executor->submit(graph, outer,
                   [&] { executor->submit(more, inner, [&] { calls.push_back(executor->now().base()); }); });
  executor->run();
  EXPECT_EQ(calls, (std::vector{0.5, 3.0}));
  EXPECT_EQ(inner.start_of(later), 1.0);
  executor->at(units::s * 4.0, [&] { calls.push_back(executor->now().base()); });
  executor->run();
  EXPECT_EQ(calls.back(), 4.0);
  EXPECT_THROW(executor->at(units::s * 1.0, [] {}), InternalError);
}

TEST_P(SimgridExecutor, EventsOfOneInstantComeInTaskOrder) {
  std::vector<TaskId> tasks;
  tasks.push_back(flow(0, 10.0));
  tasks.push_back(compute(0, 1.0));
  tasks.push_back(graph.delay(units::s * 1.0, label));
  tasks.push_back(compute(1, 1.0));
  tasks.push_back(flow(1, 10.0));
  const EventLog log = run();
  std::vector<TaskId> ended;
  for (const EventLog::Event& event : log.events) {
    if (event.end) ended.push_back(event.task);
  }
  EXPECT_EQ(ended, tasks);
}

TEST_P(SimgridExecutor, AProcessHasOne) {
  EXPECT_THROW((void)make_simgrid_executor(fabric, GetParam()), InternalError);
}

TEST_P(SimgridExecutor, ExceptionsOfCallbacksReachTheCaller) {
  executor->at(units::s * 1.0, [] { throw InternalError("from a callback"); });
  EXPECT_THROW(executor->run(), InternalError);
}

TEST_P(SimgridExecutor, SimgridSaysNothing) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  flow(0, 10.0, {}, {compute(0, 1.0)});
  run();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_P(SimgridExecutor, LongRunsLoseNoEvent) {
  std::vector<TaskId> after;
  test::Dice dice(7);
  for (int i = 0; i < 3000; ++i) {
    const double seconds = dice.log_uniform(1e-9, 1e4);
    after = {dice.one_in(2) ? compute(0, seconds, after) : flow(0, seconds * 10.0, {}, after)};
  }
  run();
  EXPECT_EQ(executor->counters().tasks, 3000U);
}

TEST_P(SimgridExecutor, FlowsFollowTheirChannelsCapacity) {
  const TaskId moved = flow(0, 100.0);  // 20 by 2 s, 10 by 4 s, nothing until 6 s, 70 at 20 B/s
  const auto set = [&](double when, double capacity) {
    executor->at(units::s * when, [=, this] { executor->set_capacity(ChannelId{0}, units::B_per_s * capacity); });
  };
  set(2.0, 5.0);
  set(4.0, 0.0);
  set(6.0, 20.0);
  const TaskId late = flow(0, 7.0, {.latency = units::s * 4.5});  // starts on the dead channel
  const EventLog log = run();
  EXPECT_NEAR(log.end_of(late), 6.7, 1e-6);  // 7 B at half of 20 B/s
  EXPECT_NEAR(log.end_of(moved), 9.85, 1e-6);
}

TEST_P(SimgridExecutor, ADeadChannelThatDoesNotReturnEndsTheRunWithTheFlowsItHolds) {
  flow(0, 100.0);
  const TaskId elsewhere = flow(1, 200.0);
  executor->at(units::s * 1.0, [this] { executor->set_capacity(ChannelId{0}, {}); });
  EventLog log;
  executor->submit(graph, log, [] {});
  try {
    executor->run();
    ADD_FAILURE() << "the run cannot end well";
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    EXPECT_THAT(what, testing::HasSubstr("flow test"));
    EXPECT_THAT(what, testing::HasSubstr(fabric.name(ChannelId{0})));
    EXPECT_EQ(error.problems().size(), 1U);
  }
  EXPECT_DOUBLE_EQ(log.end_of(elsewhere), 20.0);
}

TEST(SimgridProvenance, NamesVersionAndOptions) {
  EXPECT_EQ(simgrid_version().substr(0, 2), "3.");
  EXPECT_THAT(simgrid_options(), testing::Contains("network/model:CM02"));
}

}  // namespace
}  // namespace aifsim::engine
