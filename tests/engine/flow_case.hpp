// Small random networks and flow graphs, and what each executor makes of them.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "engine/simgrid_executor.hpp"
#include "in_child.hpp"
#include "task/ideal_executor.hpp"
#include "task/task_graph.hpp"

namespace aifsim::test {

// std:: distributions differ between libraries; the generator does not.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(generator_() >> 11) * 0x1p-53;
  }
  double log_uniform(double low, double high) { return std::exp(uniform(std::log(low), std::log(high))); }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(generator_() % count); }
  bool one_in(std::size_t count) { return below(count) == 0; }

 private:
  std::mt19937_64 generator_;
};

// `count` channels in a row, and as many devices.
inline topology::Fabric row_of_channels(const std::vector<double>& capacities) {
  topology::Fabric fabric;
  fabric.set_media({{}});
  for (std::size_t i = 0; i <= capacities.size(); ++i)
    fabric.add_device({.kind = topology::DeviceKind::gpu, .node = 0});
  for (std::size_t i = 0; i < capacities.size(); ++i) {
    fabric.add_channel({.from = DeviceId{i},
                        .to = DeviceId{i + 1},
                        .capacity = units::B_per_s * capacities[i],
                        .latency = {},
                        .medium = MediumId{0}});
  }
  return fabric;
}

struct FlowCase {
  struct Flow {
    std::vector<std::size_t> channels;
    int weight = 1;
    double bytes = 0.0, rate_limit = 0.0, delay = 0.0, latency = 0.0;
    std::optional<std::size_t> after;  // an earlier flow
  };
  struct Change {
    double when = 0.0;
    std::size_t channel = 0;
    double capacity = 0.0;  // 0: dead
  };
  std::vector<double> capacities;
  std::vector<Flow> flows;
  std::vector<Change> changes;
};

struct CaseOptions {
  bool delays = true;
  bool rate_limits = true;
  bool changes = false;  // of capacity: degraded, restored, dead for a while
};

inline FlowCase random_case(std::uint64_t seed, CaseOptions options = {}) {
  Dice dice(seed);
  FlowCase made;
  made.capacities.resize(2 + dice.below(7));
  for (double& capacity : made.capacities) capacity = dice.log_uniform(1e9, 1e12);
  made.flows.resize(1 + dice.below(30));
  for (std::size_t i = 0; i < made.flows.size(); ++i) {
    FlowCase::Flow& flow = made.flows[i];
    for (std::size_t c = 0; c < made.capacities.size(); ++c) {
      if (dice.one_in(3)) flow.channels.push_back(c);
    }
    if (flow.channels.empty()) flow.channels.push_back(dice.below(made.capacities.size()));
    flow.weight = 1 + static_cast<int>(dice.below(4));
    flow.bytes = std::floor(dice.log_uniform(1e3, 1e9));
    if (i > 0 && dice.one_in(3)) flow.after = dice.below(i);
    const double delay = dice.log_uniform(1e-6, 2e-2), latency = dice.log_uniform(1e-7, 1e-5);
    const double rate_limit = dice.log_uniform(1e8, 1e11);
    if (options.delays) flow.delay = delay, flow.latency = latency;
    if (options.rate_limits && dice.one_in(3)) flow.rate_limit = rate_limit;
  }
  for (std::size_t i = options.changes ? 1 + dice.below(8) : 0; i > 0; --i) {
    const std::size_t channel = dice.below(made.capacities.size());
    const double when = dice.log_uniform(1e-6, 1e-1);
    const double factor = dice.one_in(3) ? 0.0 : dice.log_uniform(0.05, 2.0);
    made.changes.push_back({when, channel, made.capacities[channel] * factor});
    if (factor == 0.0) made.changes.push_back({when + dice.log_uniform(1e-5, 1e-1), channel, made.capacities[channel]});
  }
  return made;
}

struct CaseGraph {
  task::TaskGraph graph;
  std::vector<TaskId> flows;  // by flow of the case; of its copies the first
};

// A flow of weight k as one simulated flow of multiplicity k, or as k flows.
inline CaseGraph graph_of(const FlowCase& flow_case, bool as_copies) {
  CaseGraph made;
  const LabelId label = made.graph.label("flow");
  for (const FlowCase::Flow& flow : flow_case.flows) {
    std::vector<TaskId> after;
    if (flow.after) after.push_back(made.flows[*flow.after]);
    if (flow.delay > 0.0) after = {made.graph.delay(units::s * flow.delay, label, after)};
    std::vector<ChannelUse> uses;
    for (const std::size_t channel : flow.channels) {
      uses.push_back({ChannelId{channel}, as_copies ? 1.0 : static_cast<double>(flow.weight)});
    }
    const PathId path = made.graph.path(uses);
    const task::TaskGraph::Flow one{.path = path,
                                    .bytes = units::B * flow.bytes,
                                    .latency = units::s * flow.latency,
                                    .rate_limit = units::B_per_s * flow.rate_limit,
                                    .device = {}};
    made.flows.push_back(made.graph.flow(one, label, after));
    for (int copy = 1; as_copies && copy < flow.weight; ++copy) made.graph.flow(one, label, after);
  }
  return made;
}

// Every event in the order it was told.
class EventLog final : public task::Recorder {
 public:
  struct Event {
    bool end = false;
    TaskId task;
    double when = 0.0;
    ChannelId bound;
  };
  void started(TaskId task, Seconds when) override { events.push_back({false, task, when.base(), {}}); }
  void finished(TaskId task, Seconds when, ChannelId bound) override {
    events.push_back({true, task, when.base(), bound});
  }

  [[nodiscard]] double end_of(TaskId task) const {
    for (const Event& event : events) {
      if (event.end && event.task == task) return event.when;
    }
    return std::nan("");
  }
  [[nodiscard]] double start_of(TaskId task) const {
    for (const Event& event : events) {
      if (!event.end && event.task == task) return event.when;
    }
    return std::nan("");
  }
  std::vector<Event> events;
};

inline void schedule_changes(const FlowCase& flow_case, task::Executor& executor) {
  for (const FlowCase::Change& change : flow_case.changes) {
    executor.at(units::s * change.when, [&executor, change] {
      executor.set_capacity(ChannelId{change.channel}, units::B_per_s * change.capacity);
    });
  }
}

inline std::vector<double> ends_of(const CaseGraph& made, task::Executor& executor) {
  EventLog log;
  executor.submit(made.graph, log, [] {});
  executor.run();
  std::vector<double> ends;
  for (const TaskId flow : made.flows) ends.push_back(log.end_of(flow));
  return ends;
}

inline std::vector<double> ends_on(engine::NetworkKind network, const FlowCase& flow_case, bool as_copies) {
  return in_child([&] {
    const topology::Fabric fabric = row_of_channels(flow_case.capacities);
    const auto executor = engine::make_simgrid_executor(fabric, network);
    schedule_changes(flow_case, *executor);
    return ends_of(graph_of(flow_case, as_copies), *executor);
  });
}

inline std::vector<double> ends_when_ideal(const FlowCase& flow_case) {
  std::vector<BytesPerSecond> capacities;
  for (const double capacity : flow_case.capacities) capacities.push_back(units::B_per_s * capacity);
  const auto executor = task::make_ideal_executor(capacities);
  schedule_changes(flow_case, *executor);
  return ends_of(graph_of(flow_case, false), *executor);
}

}  // namespace aifsim::test
