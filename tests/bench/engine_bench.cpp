// How fast the engine is. A process holds one SimGrid engine, so each measurement runs in a child process and reports
// the time the child measured.
#include <benchmark/benchmark.h>

#include <sys/resource.h>

#include <ctime>

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

// A 3-tier fat tree without oversubscription whose flows take one path each, drawn (ECMP): 16 hosts to a leaf, 16
// leaves and 16 spines to a pod, 256 cores. A channel for each cable and direction.
struct ThreeTiers {
  static constexpr std::size_t half = 16;
  explicit ThreeTiers(std::size_t count) : hosts(count), capacities(6 * count, 50e9) {}
  [[nodiscard]] std::vector<ChannelUse> path(std::size_t from, std::size_t to, test::Dice& dice) const {
    const std::size_t from_leaf = from / half, to_leaf = to / half;
    const std::size_t from_pod = from_leaf / half, to_pod = to_leaf / half;
    const std::size_t spine = dice.below(half), core = dice.below(half);
    std::vector<ChannelUse> uses{{ChannelId{from}, 1.0}};
    const auto add = [&](std::size_t layer, std::size_t cable) {
      uses.push_back({ChannelId{layer * hosts + cable}, 1.0});
    };
    if (from_leaf != to_leaf) add(2, from_leaf * half + spine);
    if (from_pod != to_pod) {
      add(4, (from_pod * half + spine) * half + core);
      add(5, (to_pod * half + spine) * half + core);
    }
    if (from_leaf != to_leaf) add(3, to_leaf * half + spine);
    add(1, to);
    return uses;
  }
  std::size_t hosts;
  std::vector<double> capacities;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// CPU seconds it takes to submit and run the graph, and the greatest memory of the process, in bytes.
std::vector<double> cost_of(NetworkKind network, const std::vector<double>& capacities, const task::TaskGraph& graph) {
  return test::in_child([&] {
    const topology::Fabric fabric = test::row_of_channels(capacities);
    const auto executor = engine::make_simgrid_executor(fabric, network);
    Silent recorder;
    const double begin = cpu_seconds();
    executor->submit(graph, recorder, [] {});
    executor->run();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::vector{cpu_seconds() - begin, static_cast<double>(usage.ru_maxrss) * 1024.0};
  });
}

void report(benchmark::State& state, NetworkKind network, const std::vector<double>& capacities,
            const task::TaskGraph& graph) {
  for (auto _ : state) {
    const std::vector<double> cost = cost_of(network, capacities, graph);
    state.SetIterationTime(cost[0]);
    state.counters["peak_MB"] = cost[1] / 1e6;
  }
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

// As many flows alive as there are hosts, of exponential sizes, each to a random peer; where one ends the next starts.
// The second argument is the number of flows each host sends.
void fat_tree_out_of_step(benchmark::State& state, NetworkKind network) {
  const ThreeTiers tree(static_cast<std::size_t>(state.range(0)));
  test::Dice dice(3);
  task::TaskGraph graph;
  const LabelId label = graph.label("flow");
  std::vector<TaskId> last(tree.hosts);
  for (std::int64_t round = 0; round < state.range(1); ++round) {
    for (std::size_t host = 0; host < tree.hosts; ++host) {
      const PathId path = graph.path(tree.path(host, dice.below(tree.hosts), dice));
      const auto after = round == 0 ? std::span<const TaskId>{} : std::span(&last[host], 1);
      const Bytes bytes = units::MB * -std::log(1.0 - dice.uniform(0.0, 1.0));
      last[host] =
          graph.flow({.path = path, .bytes = bytes, .latency = {}, .rate_limit = {}, .device = {}}, label, after);
    }
  }
  report(state, network, tree.capacities, graph);
}

// Every host sends to one other and receives from one.
void fat_tree_permutation(benchmark::State& state, NetworkKind network) {
  const ThreeTiers tree(static_cast<std::size_t>(state.range(0)));
  test::Dice dice(4);
  std::vector<std::size_t> to(tree.hosts);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = i;
  for (std::size_t i = to.size() - 1; i > 0; --i) std::swap(to[i], to[dice.below(i)]);
  task::TaskGraph graph;
  const LabelId label = graph.label("flow");
  for (std::size_t host = 0; host < tree.hosts; ++host) {
    const PathId path = graph.path(tree.path(host, to[host], dice));
    graph.flow({.path = path, .bytes = units::MB * 1.0, .latency = {}, .rate_limit = {}, .device = {}}, label);
  }
  report(state, network, tree.capacities, graph);
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
AIFSIM_ENGINE_BENCHMARK(fat_tree_out_of_step, fluid)
    ->Args({256, 8})
    ->Args({1024, 8})
    ->Args({4096, 8})
    ->Args({16384, 8})
    ->Args({4096, 2});
AIFSIM_ENGINE_BENCHMARK(fat_tree_out_of_step, simgrid)->Args({256, 8})->Args({1024, 4})->Args({4096, 2});
AIFSIM_ENGINE_BENCHMARK(fat_tree_permutation, fluid)->Arg(1024)->Arg(4096)->Arg(16384)->Arg(65536);
AIFSIM_ENGINE_BENCHMARK(fat_tree_permutation, simgrid)->Arg(1024);

}  // namespace
}  // namespace aifsim
