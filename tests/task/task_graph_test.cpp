#include "task/task_graph.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"

namespace aifsim::task {
namespace {

TEST(TaskGraph, KeepsTasksAndWhatTheyWaitFor) {
  TaskGraph graph;
  const LabelId label = graph.label("layer");
  const TaskId first = graph.compute(DeviceId{3}, units::s * 1.0, label);
  const TaskId second = graph.delay(units::s * 2.0, label, std::vector{first}, DeviceId{4});
  const TaskId third = graph.join(label, std::vector{first, second});
  EXPECT_EQ(graph.size(), 3U);
  EXPECT_TRUE(graph.dependencies(first).empty());
  EXPECT_EQ(graph.dependencies(second).front(), first);
  EXPECT_EQ(graph.dependencies(third).size(), 2U);
  EXPECT_EQ(graph.task(first).kind, TaskKind::compute);
  EXPECT_EQ(graph.task(second).device, DeviceId{4});
  EXPECT_EQ(graph.task(second).duration, units::s * 2.0);
}

TEST(TaskGraph, GivesEqualLabelsOneId) {
  TaskGraph graph;
  const LabelId a = graph.label("a"), b = graph.label("b");
  EXPECT_EQ(graph.label("a"), a);
  EXPECT_NE(a, b);
  EXPECT_EQ(graph.text(b), "b");
  EXPECT_EQ(graph.label_count(), 2U);
}

TEST(TaskGraph, KeepsPaths) {
  TaskGraph graph;
  const std::vector<ChannelUse> uses{{ChannelId{5}, 1.0}, {ChannelId{6}, 0.5}};
  const PathId empty = graph.path({}), path = graph.path(uses);
  EXPECT_TRUE(graph.channels(empty).empty());
  ASSERT_EQ(graph.channels(path).size(), 2U);
  EXPECT_EQ(graph.channels(path)[1].channel, ChannelId{6});
  EXPECT_EQ(graph.channels(path)[1].multiplicity, 0.5);
  EXPECT_EQ(graph.path_count(), 2U);
}

TEST(TaskGraph, RefusesWhatCannotBeExecuted) {
  TaskGraph graph;
  const LabelId label = graph.label("x");
  const std::vector self{TaskId{0}};
  const ChannelUse negative{ChannelId{0}, -1.0}, nowhere{};
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_THROW((void)graph.join(label, self), InternalError);
  EXPECT_THROW((void)graph.delay(units::s * -1.0, label), InternalError);
  EXPECT_THROW((void)graph.delay(units::s * infinite, label), InternalError);
  EXPECT_THROW((void)graph.delay(units::s * 1.0, LabelId{9}), InternalError);
  EXPECT_THROW((void)graph.compute(DeviceId{}, units::s * 1.0, label), InternalError);
  EXPECT_THROW((void)graph.path({&negative, 1}), InternalError);
  EXPECT_THROW((void)graph.path({&nowhere, 1}), InternalError);
  const PathId path = graph.path({});
  const auto flow = [&](PathId on, double bytes, double limit, double steal) {
    return graph.flow({on, units::B * bytes, {}, units::B_per_s * limit, {}, steal}, label);
  };
  EXPECT_THROW((void)flow(PathId{7}, 1.0, 0.0, 0.0), InternalError);
  EXPECT_THROW((void)flow(path, std::numeric_limits<double>::quiet_NaN(), 0.0, 0.0), InternalError);
  EXPECT_THROW((void)flow(path, 1.0, -1.0, 0.0), InternalError);
  EXPECT_THROW((void)flow(path, 1.0, 0.0, 1.5), InternalError);
  EXPECT_EQ(graph.size(), 0U);
}

}  // namespace
}  // namespace aifsim::task
