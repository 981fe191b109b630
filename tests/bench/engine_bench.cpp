// How fast the engine is. A process holds one SimGrid engine, so each measurement runs in a child process and reports
// the time the child measured.
#include <benchmark/benchmark.h>

#include <chrono>

#include "../engine/flow_case.hpp"

namespace aifsim {
namespace {

using engine::NetworkKind;

struct Silent final : task::Recorder {
  void started(TaskId, Seconds) override {}
  void finished(TaskId, Seconds, ChannelId) override {}
};

// `hosts` hosts with a channel up to and down from a leaf switch each, 32 to a leaf, and a channel up and down from
// each leaf to one spine, at half the capacity below.
struct TwoTiers {
  explicit TwoTiers(std::size_t count) : hosts(count), capacities(2 * count + 2 * leaves(), 50e9) {
    for (std::size_t i = 2 * hosts; i < capacities.size(); ++i) capacities[i] = 50e9 * 32 / 2;
  }
  [[nodiscard]] std::size_t leaves() const { return (hosts + 31) / 32; }
  [[nodiscard]] std::vector<ChannelUse> path(std::size_t from, std::size_t to) const {
    std::vector<ChannelUse> uses{{ChannelId{from}, 1.0}, {ChannelId{hosts + to}, 1.0}};
    if (from / 32 == to / 32) return uses;
    uses.insert(uses.begin() + 1,
                {{ChannelId{2 * hosts + from / 32}, 1.0}, {ChannelId{2 * hosts + leaves() + to / 32}, 1.0}});
    return uses;
  }
  std::size_t hosts;
  std::vector<double> capacities;
};

// Seconds it takes to submit and run the graph.
double seconds_for(NetworkKind network, const std::vector<double>& capacities, const task::TaskGraph& graph) {
  return test::in_child([&] {
    const topology::Fabric fabric = test::row_of_channels(capacities);
    const auto executor = engine::make_simgrid_executor(fabric, network);
    Silent recorder;
    const auto begin = std::chrono::steady_clock::now();
    executor->submit(graph, recorder, [] {});
    executor->run();
    return std::vector{std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
  })[0];
}

void report(benchmark::State& state, NetworkKind network, const std::vector<double>& capacities,
            const task::TaskGraph& graph) {
  for (auto _ : state) state.SetIterationTime(seconds_for(network, capacities, graph));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(graph.size()));
}

constexpr std::size_t devices = 64, tasks = 100'000;

// Chains of tasks on 64 devices; every second one a flow between neighbours if `flows`.
task::TaskGraph chains(bool flows) {
  test::Dice dice(1);
  task::TaskGraph graph;
  const LabelId label = graph.label("task");
  std::vector<PathId> paths;
  for (std::size_t d = 0; d < devices; ++d) {
    paths.push_back(graph.path(std::vector<ChannelUse>{{ChannelId{d}, 1.0}, {ChannelId{(d + 1) % devices}, 1.0}}));
  }
  std::vector<TaskId> last;
  for (std::size_t i = 0; i < tasks; ++i) {
    const std::size_t device = i % devices;
    const auto after = i < devices ? std::span<const TaskId>{} : std::span(last).subspan(i - devices, 1);
    const double size = dice.uniform(1.0, 2.0);
    last.push_back(!flows || i / devices % 2 == 0
                       ? graph.compute(DeviceId{device}, units::us * 10.0 * size, label, after)
                       : graph.flow({.path = paths[device],
                                     .bytes = units::kB * 500.0 * size,
                                     .latency = units::us * 1.0,
                                     .rate_limit = {},
                                     .device = DeviceId{device},
                                     .steal = 0.1},
                                    label, after));
  }
  return graph;
}

void compute_only(benchmark::State& state, NetworkKind network) {
  report(state, network, std::vector(devices, 50e9), chains(false));
}
void compute_and_flows(benchmark::State& state, NetworkKind network) {
  report(state, network, std::vector(devices, 50e9), chains(true));
}

// Every host sends to the next leaf's host; all at once, again and again.
void flows_in_step(benchmark::State& state, NetworkKind network) {
  const TwoTiers tiers(static_cast<std::size_t>(state.range(0)));
  task::TaskGraph graph;
  const LabelId label = graph.label("flow");
  std::vector<TaskId> barrier;
  for (int round = 0; round < 4; ++round) {
    std::vector<TaskId> sent;
    for (std::size_t host = 0; host < tiers.hosts; ++host) {
      const PathId path = graph.path(tiers.path(host, (host + 32) % tiers.hosts));
      sent.push_back(graph.flow({.path = path, .bytes = units::MB * 1.0, .latency = {}, .rate_limit = {}, .device = {}},
                                label, barrier));
    }
    barrier = {graph.join(label, sent)};
  }
  report(state, network, tiers.capacities, graph);
}

// Every host sends eight flows of random size to random peers, one after the other.
void flows_out_of_step(benchmark::State& state, NetworkKind network) {
  const TwoTiers tiers(static_cast<std::size_t>(state.range(0)));
  test::Dice dice(2);
  task::TaskGraph graph;
  const LabelId label = graph.label("flow");
  std::vector<TaskId> last(tiers.hosts);
  for (int round = 0; round < 8; ++round) {
    for (std::size_t host = 0; host < tiers.hosts; ++host) {
      const PathId path = graph.path(tiers.path(host, dice.below(tiers.hosts)));
      const auto after = round == 0 ? std::span<const TaskId>{} : std::span(&last[host], 1);
      const Bytes bytes = units::B * dice.log_uniform(1e5, 1e7);
      last[host] =
          graph.flow({.path = path, .bytes = bytes, .latency = {}, .rate_limit = {}, .device = {}}, label, after);
    }
  }
  report(state, network, tiers.capacities, graph);
}

#define AIFSIM_ENGINE_BENCHMARK(name, network) \
  BENCHMARK_CAPTURE(name, network, NetworkKind::network)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(1)

AIFSIM_ENGINE_BENCHMARK(compute_only, fluid);
AIFSIM_ENGINE_BENCHMARK(compute_and_flows, fluid);
AIFSIM_ENGINE_BENCHMARK(compute_and_flows, simgrid);
AIFSIM_ENGINE_BENCHMARK(flows_in_step, fluid)->Arg(1024)->Arg(16384)->Arg(131072);
AIFSIM_ENGINE_BENCHMARK(flows_in_step, simgrid)->Arg(1024);
AIFSIM_ENGINE_BENCHMARK(flows_out_of_step, fluid)->Arg(256)->Arg(1024);
AIFSIM_ENGINE_BENCHMARK(flows_out_of_step, simgrid)->Arg(256);

}  // namespace
}  // namespace aifsim
