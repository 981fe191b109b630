// Random task graphs, run to their end without contention.
#pragma once

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "metrics/timeline.hpp"
#include "task/ideal_executor.hpp"
#include "task/task_graph.hpp"

namespace aifsim::metrics {

inline constexpr std::size_t device_count = 3;
inline constexpr std::size_t channel_count = 5;

inline std::vector<BytesPerSecond> capacities() {
  std::vector<BytesPerSecond> capacity;
  for (std::size_t i = 0; i < channel_count; ++i) capacity.push_back(static_cast<double>(i + 1) * units::GB_per_s);
  return capacity;
}

// Devices run one compute task at a time here, since the ideal executor does not slow tasks that share a device.
class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed) : random_(seed) {}

  task::TaskGraph build(std::size_t tasks) {
    task::TaskGraph graph;
    for (std::size_t i = 0; i < tasks; ++i) add(graph);
    return graph;
  }

 private:
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_()) % limit; }
  Seconds some_time() { return static_cast<double>(below(1000)) * units::us; }

  std::vector<TaskId> some_earlier(const task::TaskGraph& graph) {
    std::vector<TaskId> after;
    if (graph.size() == 0) return after;
    for (std::size_t i = below(4); i > 0; --i) {
      const TaskId id(graph.size() - 1 - below(std::min<std::size_t>(graph.size(), 8)));
      if (std::find(after.begin(), after.end(), id) == after.end()) after.push_back(id);
    }
    return after;
  }

  void add(task::TaskGraph& graph) {
    static const std::vector<std::string> causes{"compute:layer",          "recompute:layer", "tp_comm:all-reduce",
                                                 "dp_comm:reduce-scatter", "host:launch",     "idle"};
    const LabelId label = graph.label(causes[below(causes.size())]);
    const auto after = some_earlier(graph);
    switch (below(4)) {
      case 0: graph.compute(DeviceId(below(device_count)), some_time(), label, after); return;
      case 1: graph.delay(some_time(), label, after); return;
      case 2: graph.join(label, after); return;
      default: break;
    }
    std::vector<ChannelUse> uses;
    for (std::size_t i = 1 + below(3); i > 0; --i)
      uses.push_back({ChannelId(below(channel_count)), 0.5 * static_cast<double>(1 + below(4))});
    graph.flow({.path = graph.path(uses),
                .bytes = static_cast<double>(below(3000)) * units::kB,
                .latency = some_time() / 10,
                .rate_limit = below(2) == 0 ? 0.2 * units::GB_per_s : BytesPerSecond{},
                .device = below(4) == 0 ? DeviceId{} : DeviceId(below(device_count)),
                .steal = 0},
               label, after);
  }

  std::mt19937 random_;
};

inline Timeline run_ideal(const task::TaskGraph& graph) {
  Timeline timeline(graph.size());
  const auto executor = task::make_ideal_executor(capacities());
  executor->submit(graph, timeline, [] {});
  executor->run();
  return timeline;
}

}  // namespace aifsim::metrics
