#include "task/ideal_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace aifsim::task {
namespace {

struct Log final : Recorder {
  void started(TaskId task, Seconds when) override { starts.emplace_back(task.index(), when.base()); }
  void finished(TaskId task, Seconds when, ChannelId bound) override {
    ends.emplace_back(task.index(), when.base());
    bounds.push_back(bound);
  }
  std::vector<std::pair<std::size_t, double>> starts, ends;
  std::vector<ChannelId> bounds;
};

using testing::ElementsAre;
using testing::Pair;

class IdealExecutor : public testing::Test {
 protected:
  std::unique_ptr<Executor> executor = make_ideal_executor({units::B_per_s * 10.0, units::B_per_s * 4.0});
  TaskGraph graph;
  LabelId label = graph.label("x");
  Log log;
};

TEST_F(IdealExecutor, RunsEveryTaskAsIfAlone) {
  const std::vector<ChannelUse> both{{ChannelId{0}, 5.0}, {ChannelId{1}, 1.0}};
  const PathId path = graph.path(both);
  graph.compute(DeviceId{0}, units::s * 1.0, label);
  graph.compute(DeviceId{0}, units::s * 1.0, label);
  graph.flow({path, units::B * 6.0, units::s * 0.5, {}, DeviceId{0}, 1.0}, label);
  graph.flow({path, units::B * 6.0, {}, units::B_per_s * 1.5, {}, 0.0}, label);
  executor->submit(graph, log, [] {});
  executor->run();
  EXPECT_THAT(log.ends, ElementsAre(Pair(0, 1.0), Pair(1, 1.0), Pair(2, 3.5), Pair(3, 4.0)));
  EXPECT_EQ(log.bounds[2], ChannelId{0});
  EXPECT_FALSE(log.bounds[3].valid());
  EXPECT_EQ(executor->counters().tasks, 4U);
  EXPECT_EQ(executor->counters().flows, 2U);
}

TEST_F(IdealExecutor, StartsATaskWhenAllItWaitsForHasEnded) {
  const TaskId a = graph.delay(units::s * 1.0, label), b = graph.delay(units::s * 2.0, label);
  const TaskId joined = graph.join(label, std::vector{a, b});
  graph.delay(units::s * 1.0, label, std::vector{joined});
  double done = 0.0;
  executor->submit(graph, log, [&] { done = executor->now().base(); });
  executor->run();
  EXPECT_THAT(log.starts, ElementsAre(Pair(0, 0.0), Pair(1, 0.0), Pair(2, 2.0), Pair(3, 2.0)));
  EXPECT_EQ(done, 3.0);
}

TEST_F(IdealExecutor, BreaksTiesBySubmissionThenTask) {
  TaskGraph second;
  for (int i = 0; i < 3; ++i) graph.delay(units::s * 1.0, label);
  second.delay(units::s * 1.0, second.label("y"));
  std::string calls;
  Log other;
  executor->at(units::s * 1.0, [&] { calls += 'a'; });
  executor->submit(second, other, [&] { calls += 's'; });
  executor->submit(graph, log, [&] { calls += 'g'; });
  executor->at(units::s * 1.0, [&] { calls += 'b'; });
  executor->run();
  EXPECT_EQ(calls, "asgb");
  EXPECT_THAT(log.ends, ElementsAre(Pair(0, 1.0), Pair(1, 1.0), Pair(2, 1.0)));
}

TEST_F(IdealExecutor, CallbacksSubmitGraphsAgainAndAgain) {
  graph.delay(units::s * 1.0, label);
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds < 1000) executor->submit(graph, log, again);
  };
  executor->submit(graph, log, again);
  executor->run();
  EXPECT_EQ(executor->now().base(), 1000.0);
  EXPECT_EQ(log.ends.size(), 1000U);
}

TEST_F(IdealExecutor, AnEmptyGraphIsDoneAtOnceAndThePastIsPast) {
  bool done = false;
  executor->submit(graph, log, [&] { done = true; });
  executor->run();
  EXPECT_TRUE(done);
  executor->at(units::s * 1.0, [] {});
  executor->run();
  EXPECT_THROW(executor->at(units::s * 0.5, [] {}), InternalError);
}

TEST_F(IdealExecutor, RefusesAChannelThatIsNotThere) {
  const ChannelUse beyond{ChannelId{2}, 1.0};
  graph.flow({graph.path({&beyond, 1}), units::B * 1.0, {}, {}, {}, 0.0}, label);
  executor->submit(graph, log, [] {});
  EXPECT_THROW(executor->run(), InternalError);
}

}  // namespace
}  // namespace aifsim::task
