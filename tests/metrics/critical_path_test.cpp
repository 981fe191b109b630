#include "metrics/critical_path.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "metrics/random_graph.hpp"

namespace aifsim::metrics {
namespace {

std::string channel_name(ChannelId channel) { return "channel" + std::to_string(channel.index()); }

double blame_of(const Blames& blames, const std::string& kind, const std::string& resource) {
  const auto found = blames.find({kind, resource});
  return found == blames.end() ? 0 : found->second.in(units::ms);
}

TEST(CriticalPath, names_each_part_of_each_task) {
  task::TaskGraph graph;
  const ChannelUse use{ChannelId(1), 2.0};  // 2 GB/s, twice: 1 GB/s for this flow
  const TaskId wait = graph.delay(1 * units::ms, graph.label("host:launch"));
  const TaskId work = graph.compute(DeviceId(0), 4 * units::ms, graph.label("compute:layer"), std::array{wait});
  (void)graph.compute(DeviceId(1), 3 * units::ms, graph.label("compute:shorter"), std::array{wait});
  const TaskId sent = graph.flow({.path = graph.path(std::array{use}),
                                  .bytes = 5 * units::MB,
                                  .latency = 2 * units::ms,
                                  .rate_limit = {},
                                  .device = {}},
                                 graph.label("tp_comm:all-reduce"), std::array{work});
  (void)graph.flow({.path = graph.path(std::array{use}),
                    .bytes = 1 * units::MB,
                    .latency = {},
                    .rate_limit = 0.1 * units::GB_per_s,
                    .device = {}},
                   graph.label("pp_comm:send"), std::array{sent});
  const Blames blames = critical_path(graph, run_ideal(graph), channel_name,
                                      {{"compute:layer", {{"gemm mlp_up", 0.3}, {"attention", 0.1}}}});
  EXPECT_NEAR(blame_of(blames, "host", "launch"), 1, 1e-9);
  EXPECT_NEAR(blame_of(blames, "compute", "gemm mlp_up"), 3, 1e-9);
  EXPECT_NEAR(blame_of(blames, "compute", "attention"), 1, 1e-9);
  EXPECT_NEAR(blame_of(blames, "latency", "tp_comm latency"), 2, 1e-9);
  EXPECT_NEAR(blame_of(blames, "channel", "channel1"), 5, 1e-9);
  EXPECT_NEAR(blame_of(blames, "protocol", "pp_comm protocol ceiling"), 10, 1e-9);
  EXPECT_EQ(blames.size(), 6U) << "what was not waited for is not blamed";
}

TEST(CriticalPath, a_slowed_compute_task_blames_what_slowed_it) {
  task::TaskGraph graph;
  const TaskId task = graph.compute(DeviceId(0), 2 * units::ms, graph.label("compute:layer"));
  Timeline timeline(1);
  timeline.started(task, 1 * units::ms);
  timeline.finished(task, 4 * units::ms, {});
  const Blames blames = critical_path(graph, timeline, channel_name);
  EXPECT_NEAR(blame_of(blames, "compute", "layer"), 2, 1e-9);
  EXPECT_NEAR(blame_of(blames, "contention", "compute slowed by overlapped communication"), 1, 1e-9);
}

TEST(CriticalPath, of_equally_late_dependencies_the_lowest_id_is_blamed) {
  task::TaskGraph graph;
  const TaskId first = graph.delay(1 * units::ms, graph.label("a:x"));
  const TaskId second = graph.delay(1 * units::ms, graph.label("b:x"));
  graph.join(graph.label("join"), std::array{second, first});
  const Blames blames = critical_path(graph, run_ideal(graph), channel_name);
  EXPECT_NEAR(blame_of(blames, "a", "x"), 1, 1e-9);
  EXPECT_EQ(blames.size(), 1U);
}

TEST(CriticalPath, ranks_by_blame_then_by_name) {
  const Blames blames{{{"compute", "a"}, 1 * units::s},
                      {{"channel", "c"}, 2 * units::s},
                      {{"channel", "b"}, 1 * units::s},
                      {{"compute", "nothing"}, Seconds{}}};
  const auto list = ranked(blames);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].resource, "c");
  EXPECT_EQ(list[1].resource, "b");
  EXPECT_EQ(list[2].resource, "a");
  EXPECT_DOUBLE_EQ(list[0].share, 0.5);
}

TEST(CriticalPath, of_nothing_is_nothing_and_of_an_unfinished_graph_is_our_bug) {
  task::TaskGraph graph;
  EXPECT_TRUE(critical_path(graph, run_ideal(graph), channel_name).empty());
  (void)graph.delay(1 * units::s, graph.label("x"));
  EXPECT_THROW((void)critical_path(graph, Timeline(1), channel_name), InternalError);
}

}  // namespace
}  // namespace aifsim::metrics
