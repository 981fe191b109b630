// Channels that die in mid-run, and the ways that are left: for executors that reroute.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "engine/flow_case.hpp"

namespace aifsim::test {

// One channel after another dies; whatever crossed it waits for a while, then goes over what is left of its path, or
// over channel 0 (which never dies) where nothing is.
struct DeathCase {
  struct Death {
    double when = 0.0, detection = 0.0;
    std::size_t channel = 0;
  };
  FlowCase flows;
  std::vector<Death> deaths;  // by time; the detection of one is over before the next
  double latency = 0.0;       // of a new way
};

inline DeathCase random_death_case(std::uint64_t seed) {
  DeathCase made{.flows = random_case(seed), .deaths = {}};
  Dice dice(seed + 77);
  made.latency = dice.one_in(2) ? 0.0 : dice.log_uniform(1e-7, 1e-4);
  double now = 0.0;
  for (std::size_t channel = 1; channel < made.flows.capacities.size(); ++channel) {
    if (dice.one_in(3)) continue;
    const double gap = dice.log_uniform(1e-5, 1e-2), detection = dice.log_uniform(1e-6, 1e-2);
    made.deaths.push_back({now + gap, detection, channel});
    now += gap + detection;
  }
  return made;
}

class DeathRerouter final : public task::Rerouter {
 public:
  DeathRerouter(const DeathCase& death_case, task::Executor& executor) : case_(death_case), executor_(executor) {
    executor_.watch(this);
    for (std::size_t i = 0; i < case_.deaths.size(); ++i) {
      const DeathCase::Death& death = case_.deaths[i];
      executor_.at(units::s * death.when, [this, i] { strike(i, false); });
      executor_.at(units::s * (death.when + death.detection), [this, i] { strike(i, true); });
    }
  }

  Way first_way(const task::TaskGraph& graph, TaskId flow) override {
    Way way = way_of(graph, flow);
    way.latency = graph.task(flow).duration;
    return way;
  }
  Way next_way(const task::TaskGraph& graph, TaskId flow, std::uint32_t version) override {
    Way way = way_of(graph, flow);
    if (way.version != version) {
      way.latency = units::s * case_.latency;
      ++redirected;
    }
    return way;
  }
  std::size_t redirected = 0;

 private:
  void strike(std::size_t death, bool detected) {
    dead_ = death + 1;
    detected_ = detected;
    executor_.set_capacity(ChannelId{case_.deaths[death].channel}, {});
    executor_.reroute();
  }
  [[nodiscard]] std::size_t rank_of_death(ChannelId channel) const {  // from 1; 0 while it is alive
    for (std::size_t i = 0; i < dead_; ++i) {
      if (case_.deaths[i].channel == channel.index()) return i + 1;
    }
    return 0;
  }
  // A way's version is the last death that changed it.
  Way way_of(const task::TaskGraph& graph, TaskId flow) {
    const PathId path = graph.task(flow).path;
    Way way;
    std::vector<ChannelUse> left;
    for (const ChannelUse& use : graph.channels(path)) {
      const std::size_t death = rank_of_death(use.channel);
      way.version = std::max(way.version, static_cast<std::uint32_t>(death));
      if (death == 0) left.push_back(use);
    }
    way.open = way.version != dead_ || detected_ || dead_ == 0;
    if (left.empty()) left.push_back({ChannelId{0}, graph.channels(path).front().multiplicity});
    way.path = ways_.try_emplace({path, way.version}, std::move(left)).first->second;
    return way;
  }

  const DeathCase& case_;
  task::Executor& executor_;
  std::size_t dead_ = 0;
  bool detected_ = false;
  std::map<std::pair<PathId, std::uint32_t>, std::vector<ChannelUse>> ways_;
};

// Ends of all flows, and at last how many were redirected.
inline std::vector<double> ends_of(const DeathCase& death_case, task::Executor& executor, bool as_copies) {
  DeathRerouter rerouter(death_case, executor);
  std::vector<double> ends = ends_of(graph_of(death_case.flows, as_copies), executor);
  ends.push_back(static_cast<double>(rerouter.redirected));
  return ends;
}

inline std::vector<double> ends_on(engine::NetworkKind network, const DeathCase& death_case, bool as_copies) {
  return in_child([&] {
    const topology::Fabric fabric = row_of_channels(death_case.flows.capacities);
    const auto executor = engine::make_simgrid_executor(fabric, network);
    return ends_of(death_case, *executor, as_copies);
  });
}

inline std::vector<double> ends_when_ideal(const DeathCase& death_case) {
  std::vector<BytesPerSecond> capacities;
  for (const double capacity : death_case.flows.capacities) capacities.push_back(units::B_per_s * capacity);
  const auto executor = task::make_ideal_executor(capacities);
  return ends_of(death_case, *executor, false);
}

}  // namespace aifsim::test
