#include "study/traffic.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <span>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "metrics/percentile.hpp"
#include "task/task_graph.hpp"
#include "topology/summary.hpp"

namespace aifsim::study {
namespace {

constexpr std::size_t most_flows = std::size_t{1} << 21;  // about 1 GB
constexpr std::size_t hottest_shown = 10;

[[noreturn]] void refuse(std::string key, std::string expected, std::string got, std::string hint = {}) {
  throw ConfigError(Problem{.file = {},
                            .key = std::move(key),
                            .expected = std::move(expected),
                            .got = std::move(got),
                            .hint = std::move(hint)});
}

// No GPU sends to itself: Sattolo's algorithm draws a permutation of one cycle.
std::vector<std::size_t> one_cycle(std::size_t count, Rng& rng) {
  std::vector<std::size_t> to(count);
  std::iota(to.begin(), to.end(), std::size_t{0});
  for (std::size_t i = count - 1; i > 0; --i) std::swap(to[i], to[rng.below(i)]);
  return to;
}

class Pattern {
 public:
  Pattern(const TrafficOptions& options, std::size_t gpus)
      : options_(options), gpus_(gpus), rng_(options.seed, "traffic " + options.pattern) {}

  std::vector<Transfer> make() {
    const std::size_t each = options_.pattern == "all-to-all" ? gpus_ * (gpus_ - 1) : gpus_;
    if (each > most_flows / options_.concurrent) {
      refuse("--pattern " + options_.pattern, "at most " + std::to_string(most_flows) + " flows",
             std::to_string(each * options_.concurrent),
             each == gpus_ ? "" : "a row with op all_to_all in a CSV file costs a few flows");
    }
    for (std::size_t copy = 0; copy < options_.concurrent; ++copy) add(copy);
    return std::move(transfers_);
  }

 private:
  void add(std::size_t copy) {
    if (options_.pattern == "permutation") {
      const std::vector<std::size_t> to = one_cycle(gpus_, rng_);
      for (std::size_t i = 0; i < gpus_; ++i) send(i, to[i]);
    } else if (options_.pattern == "incast") {
      const std::size_t to = rng_.below(gpus_);
      for (std::size_t i = 0; i < gpus_; ++i) send(i, to);
    } else if (options_.pattern == "shift") {
      const std::size_t by = (gpus_ / 2 - 1 + copy) % (gpus_ - 1) + 1;
      for (std::size_t i = 0; i < gpus_; ++i) send(i, (i + by) % gpus_);
    } else {
      for (std::size_t by = 1; by < gpus_; ++by) {
        for (std::size_t i = 0; i < gpus_; ++i) send(i, (i + by) % gpus_);
      }
    }
  }
  void send(std::size_t from, std::size_t to) {
    if (from == to) return;
    transfers_.push_back({.start = {}, .group = {from, to}, .bytes = options_.bytes, .name = options_.pattern});
  }

  const TrafficOptions& options_;
  std::size_t gpus_;
  Rng rng_;
  std::vector<Transfer> transfers_;
};

struct FlowTimes final : task::Recorder {
  explicit FlowTimes(const task::TaskGraph& tasks) : graph(tasks), start(tasks.size()) {}
  void started(TaskId task, Seconds when) override { start[task.index()] = when; }
  void finished(TaskId task, Seconds when, ChannelId) override {
    last = std::max(last, when);
    if (graph.task(task).kind == task::TaskKind::flow) times.push_back((when - start[task.index()]).in(units::s));
  }
  const task::TaskGraph& graph;
  std::vector<Seconds> start;
  std::vector<double> times;
  Seconds last;
};

class TrafficGraph {
 public:
  TrafficGraph(const hardware::Platform& platform, const topology::Topology& topology)
      : platform_(platform), topology_(topology) {}

  void add(const Transfer& transfer) {
    const LabelId label = graph.label(transfer.name);
    std::vector<TaskId> after;
    if (transfer.start > Seconds{}) after = {graph.delay(transfer.start, label)};
    if (transfer.operation == collective::Operation::send_receive && transfer.group.size() == 2) {
      add_message(transfer, label, after);
    } else {
      add_collective(transfer, label, std::move(after));
    }
  }

  task::TaskGraph graph;

 private:
  void add_message(const Transfer& transfer, LabelId label, std::span<const TaskId> after) {
    path_.clear();
    topology_.routing->append_path(topology_.fabric.gpu(transfer.group[0]), topology_.fabric.gpu(transfer.group[1]),
                                   next_flow_++, path_);
    Seconds latency;
    for (const ChannelUse& use : path_) {
      latency += topology_.fabric.channel(use.channel).latency * std::min(1.0, use.multiplicity);
    }
    graph.flow({.path = graph.path(path_), .bytes = transfer.bytes, .latency = latency, .rate_limit = {}, .device = {}},
               label, after);
  }

  void add_collective(const Transfer& transfer, LabelId label, std::vector<TaskId> after) {
    std::vector<DeviceId> members;
    for (const std::size_t gpu : transfer.group) members.push_back(topology_.fabric.gpu(gpu));
    const collective::CollectivePlan plan =
        collective::plan({.operation = transfer.operation, .bytes = transfer.bytes, .groups = {std::move(members)}},
                         platform_, topology_);
    if (plan.alpha > Seconds{}) after = {graph.delay(plan.alpha, label, after)};
    for (const collective::Phase& phase : plan.phases) {
      std::vector<TaskId> sent;
      for (const collective::PhaseFlow& flow : phase) {
        sent.push_back(graph.flow({.path = graph.path(flow.path),
                                   .bytes = flow.bytes,
                                   .latency = {},
                                   .rate_limit = flow.rate_limit,
                                   .device = {}},
                                  label, after));
      }
      after = std::move(sent);
    }
  }

  const hardware::Platform& platform_;
  const topology::Topology& topology_;
  std::vector<ChannelUse> path_;
  std::uint64_t next_flow_ = 0;
};

void rank_channels(const task::TaskGraph& graph, const topology::Fabric& fabric, TrafficResult& result) {
  std::vector<Bytes> carried(fabric.channels().size());
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const task::Task& task = graph.task(TaskId{i});
    if (task.kind != task::TaskKind::flow) continue;
    for (const ChannelUse& use : graph.channels(task.path))
      carried[use.channel.index()] += task.bytes * use.multiplicity;
  }
  for (std::size_t i = 0; i < carried.size(); ++i) {
    if (carried[i] == Bytes{}) continue;
    const double busy = carried[i] / (fabric.channel(ChannelId{i}).capacity * result.completion);
    result.hottest.push_back({ChannelId{i}, busy, carried[i]});
  }
  result.channels_used = result.hottest.size();
  std::stable_sort(result.hottest.begin(), result.hottest.end(),
                   [](const BusyChannel& a, const BusyChannel& b) { return a.busy > b.busy; });
  if (result.hottest.size() > hottest_shown) result.hottest.resize(hottest_shown);
}

// What the sender's NIC takes, or without one its NVLink ports.
BytesPerSecond injection_of(std::size_t gpu, const topology::Topology& topology) {
  const DeviceId device = topology.fabric.gpu(gpu);
  const DeviceId nic = topology.routing->nic_of(device);
  BytesPerSecond sum;
  for (const topology::Channel& channel : topology.fabric.channels()) {
    const bool out = nic.valid() && channel.from == nic && topology.fabric.device(channel.to).node == ~0u;
    if (out) sum += channel.capacity;
  }
  const ChannelId up = nic.valid() ? ChannelId{} : topology.routing->nvlink_up(device);
  return up.valid() ? topology.fabric.channel(up).capacity : sum;
}

void compare_with_capacity(const std::vector<Transfer>& transfers, const topology::Topology& topology,
                           TrafficResult& result) {
  std::set<std::size_t> senders;
  Bytes sent;
  for (const Transfer& transfer : transfers) {
    const bool message = transfer.operation == collective::Operation::send_receive;
    senders.insert(transfer.group.begin(), message ? transfer.group.begin() + 1 : transfer.group.end());
    sent += transfer.bytes * (message ? 1.0 : static_cast<double>(transfer.group.size()));
  }
  result.bytes = sent;
  result.rate_per_gpu = sent / result.completion / static_cast<double>(senders.size());
  result.capacity_per_gpu = topology::bisection_per_gpu(topology);
  if (result.capacity_per_gpu <= BytesPerSecond{}) {
    result.bisection_known = false;
    result.capacity_per_gpu = injection_of(*senders.begin(), topology);
  }
  if (result.capacity_per_gpu > BytesPerSecond{}) result.achieved = result.rate_per_gpu / result.capacity_per_gpu;
}

}  // namespace

std::vector<Transfer> make_transfers(const TrafficOptions& options, std::size_t gpus) {
  const bool is_file = options.pattern.ends_with(".csv");
  const std::vector<std::string> patterns{"permutation", "incast", "all-to-all", "shift"};
  if (!is_file && std::ranges::find(patterns, options.pattern) == patterns.end()) {
    refuse("--pattern", "permutation, incast, all-to-all, shift or a .csv file", '"' + options.pattern + '"');
  }
  if (gpus < 2) refuse("PLATFORM", "at least two GPUs", std::to_string(gpus));
  if (is_file) return read_transfers(options.pattern, gpus);
  if (options.bytes <= Bytes{}) refuse("--bytes", "more than nothing", "0");
  if (options.concurrent < 1) refuse("--concurrent", "at least 1", "0");
  return Pattern(options, gpus).make();
}

TrafficResult simulate_traffic(const std::vector<Transfer>& transfers, const hardware::Platform& platform,
                               const topology::Topology& topology, task::Executor& executor) {
  ensure(!transfers.empty(), "traffic has a transfer");
  TrafficGraph tasks(platform, topology);
  for (const Transfer& transfer : transfers) tasks.add(transfer);
  FlowTimes times(tasks.graph);
  executor.submit(tasks.graph, times, [] {});
  executor.run();
  TrafficResult result;
  result.completion = times.last;
  result.flows = times.times.size();
  if (!times.times.empty()) {
    const double sum = std::accumulate(times.times.begin(), times.times.end(), 0.0);
    result.mean_flow_time = units::s * (sum / static_cast<double>(times.times.size()));
    result.p99_flow_time = units::s * metrics::percentile(std::move(times.times), 0.99);
  }
  rank_channels(tasks.graph, topology.fabric, result);
  compare_with_capacity(transfers, topology, result);
  return result;
}

}  // namespace aifsim::study
