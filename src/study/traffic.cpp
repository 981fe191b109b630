#include "study/traffic.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.hpp"
#include "metrics/percentile.hpp"
#include "study/traffic_classes.hpp"
#include "task/task_graph.hpp"
#include "topology/summary.hpp"

namespace aifsim::study {
namespace {

constexpr std::size_t hottest_shown = 10;

bool is_message(const Transfer& transfer) {
  return transfer.operation == collective::Operation::send_receive && transfer.group.size() == 2;
}

struct FlowTimes final : task::Recorder {
  explicit FlowTimes(const task::TaskGraph& tasks) : start(tasks.size()), time(tasks.size()) {}
  void started(TaskId task, Seconds when) override { start[task.index()] = when; }
  void finished(TaskId task, Seconds when, ChannelId) override {
    last = std::max(last, when);
    time[task.index()] = when - start[task.index()];
  }
  std::vector<Seconds> start, time;
  Seconds last;
};

// Every flow a class of its own.
FlowClasses no_classes(std::span<const LoneFlow> flows, std::span<const ChannelUse> uses,
                       const topology::Fabric& fabric) {
  FlowClasses result;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    const std::size_t end = i + 1 < flows.size() ? flows[i + 1].first_use : uses.size();
    const auto path = uses.subspan(flows[i].first_use, end - flows[i].first_use);
    result.classes.push_back({.flow = i, .flows = 1, .path = {path.begin(), path.end()}});
  }
  for (std::size_t i = 0; i < fabric.channels().size(); ++i) result.like.push_back(ChannelId{i});
  return result;
}

class TrafficGraph {
 public:
  TrafficGraph(const hardware::Platform& platform, const topology::Topology& topology)
      : platform_(platform), topology_(topology), carried_(topology.fabric.channels().size(), 0.0) {}

  void add(const std::vector<Transfer>& transfers, bool fold) {
    for (std::size_t i = 0; i < transfers.size(); ++i) {
      if (is_message(transfers[i])) {
        route(transfers[i], i);
      } else {
        add_collective(transfers[i]);
        fold = false;  // one rank stands for all there, and meets the messages on its own channels
      }
    }
    const FlowClasses folded = fold ? classify(messages_, uses_, topology_.fabric)
                                    : no_classes(messages_, uses_, topology_.fabric);
    for (const FlowClass& flows : folded.classes) {
      add_flow(messages_[flows.flow], flows, graph.label(transfers[transfer_of_[flows.flow]].name));
    }
    like_ = folded.like;
  }

  task::TaskGraph graph;
  [[nodiscard]] std::size_t flows_like(std::size_t task) const { return flows_like_[task]; }  // 0: it is none
  [[nodiscard]] Bytes carried(std::size_t channel) const { return carried_[like_[channel].index()] * units::B; }

 private:
  void route(const Transfer& transfer, std::size_t index) {
    LoneFlow message{.first_use = uses_.size(), .bytes = transfer.bytes, .start = transfer.start, .latency = {}};
    topology_.routing->append_path(topology_.fabric.gpu(transfer.group[0]), topology_.fabric.gpu(transfer.group[1]),
                                   messages_.size(), uses_);
    for (std::size_t i = message.first_use; i < uses_.size(); ++i) {
      message.latency += topology_.fabric.channel(uses_[i].channel).latency * std::min(1.0, uses_[i].multiplicity);
    }
    messages_.push_back(message);
    transfer_of_.push_back(index);
  }

  void add_flow(const LoneFlow& message, const FlowClass& flows, LabelId label) {
    std::vector<TaskId> after;
    if (message.start > Seconds{}) after = {graph.delay(message.start, label)};
    add_to_graph({.path = graph.path(flows.path),
                  .bytes = message.bytes,
                  .latency = message.latency,
                  .rate_limit = {},
                  .device = {}},
                 flows.path, flows.flows, label, after);
  }

  void add_collective(const Transfer& transfer) {
    const LabelId label = graph.label(transfer.name);
    std::vector<DeviceId> members;
    for (const std::size_t gpu : transfer.group) members.push_back(topology_.fabric.gpu(gpu));
    const collective::CollectivePlan plan =
        collective::plan({.operation = transfer.operation, .bytes = transfer.bytes, .groups = {std::move(members)}},
                         platform_, topology_);
    std::vector<TaskId> after;
    if (transfer.start > Seconds{}) after = {graph.delay(transfer.start, label)};
    if (plan.alpha > Seconds{}) after = {graph.delay(plan.alpha, label, after)};
    for (const collective::Phase& phase : plan.phases) {
      std::vector<TaskId> sent;
      for (const collective::PhaseFlow& flow : phase) {
        sent.push_back(add_to_graph({.path = graph.path(flow.path),
                                     .bytes = flow.bytes,
                                     .latency = {},
                                     .rate_limit = flow.rate_limit,
                                     .device = {}},
                                    flow.path, 1, label, after));
      }
      after = std::move(sent);
    }
  }

  TaskId add_to_graph(const task::TaskGraph::Flow& flow, const std::vector<ChannelUse>& path, std::size_t flows,
                      LabelId label, std::span<const TaskId> after) {
    for (const ChannelUse& use : path) carried_[use.channel.index()] += use.multiplicity * flow.bytes.in(units::B);
    const TaskId task = graph.flow(flow, label, after);
    flows_like_.resize(task.index() + 1, 0);
    flows_like_.back() = flows;
    return task;
  }

  const hardware::Platform& platform_;
  const topology::Topology& topology_;
  std::vector<ChannelUse> uses_;
  std::vector<LoneFlow> messages_;
  std::vector<std::size_t> transfer_of_;  // by message
  std::vector<std::size_t> flows_like_;   // by task
  std::vector<double> carried_;           // bytes by channel that stands for others
  std::vector<ChannelId> like_;
};

void sum_up_flows(const TrafficGraph& tasks, const FlowTimes& times, TrafficResult& result) {
  std::vector<double> all;
  for (std::size_t task = 0; task < tasks.graph.size(); ++task) {
    if (tasks.graph.task(TaskId{task}).kind != task::TaskKind::flow) continue;
    all.insert(all.end(), tasks.flows_like(task), times.time[task].in(units::s));
    ++result.classes;
  }
  result.completion = times.last;
  result.flows = all.size();
  if (all.empty()) return;
  result.mean_flow_time = units::s * (std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size()));
  result.p99_flow_time = units::s * metrics::percentile(std::move(all), 0.99);
}

void rank_channels(const TrafficGraph& tasks, const topology::Fabric& fabric, TrafficResult& result) {
  for (std::size_t i = 0; i < fabric.channels().size(); ++i) {
    const Bytes carried = tasks.carried(i);
    if (carried == Bytes{}) continue;
    const double busy = carried / (fabric.channel(ChannelId{i}).capacity * result.completion);
    result.hottest.push_back({ChannelId{i}, busy, carried});
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

// Least bytes from one half of the cluster to the other, of the direction with more: a message's own; of a collective
// what no algorithm can save.
class Crossing {
 public:
  explicit Crossing(const topology::Topology& topology) {
    for (std::size_t gpu = 0; gpu < topology.fabric.gpu_count(); ++gpu) {
      first_half_.push_back(topology.routing->in_first_half(topology.fabric.gpu(gpu)));
    }
  }
  void add(const Transfer& transfer) {
    if (is_message(transfer)) {
      const bool from = first_half_[transfer.group[0]], to = first_half_[transfer.group[1]];
      if (from != to) (from ? there_ : back_) += transfer.bytes;
      return;
    }
    const double ranks = static_cast<double>(transfer.group.size());
    const double first = static_cast<double>(
        std::ranges::count_if(transfer.group, [this](std::size_t gpu) { return first_half_[gpu]; }));
    const double second = ranks - first;
    if (first == 0 || second == 0) return;
    double there = 1, back = 1;  // of the transfer's bytes
    switch (transfer.operation) {
      case collective::Operation::all_reduce: break;
      case collective::Operation::all_gather: there = first / ranks, back = second / ranks; break;
      case collective::Operation::reduce_scatter: there = second / ranks, back = first / ranks; break;
      case collective::Operation::all_to_all:
      case collective::Operation::all_to_all_v: there = back = first * second / ranks; break;
      case collective::Operation::broadcast: (first_half_[transfer.group[0]] ? back : there) = 0; break;
      case collective::Operation::reduce: (first_half_[transfer.group[0]] ? there : back) = 0; break;
      case collective::Operation::send_receive: break;  // one step of a ring leaves each half at least once
    }
    there_ += transfer.bytes * there;
    back_ += transfer.bytes * back;
  }
  [[nodiscard]] Bytes bytes() const { return std::max(there_, back_); }
  [[nodiscard]] double smaller_half() const {
    const auto first = static_cast<double>(std::ranges::count(first_half_, true));
    return std::min(first, static_cast<double>(first_half_.size()) - first);
  }

 private:
  std::vector<bool> first_half_;  // by GPU
  Bytes there_, back_;
};

void compare_with_capacity(const std::vector<Transfer>& transfers, const topology::Topology& topology,
                           TrafficResult& result) {
  std::set<std::size_t> senders;
  Crossing crossing(topology);
  for (const Transfer& transfer : transfers) {
    const bool message = is_message(transfer);
    senders.insert(transfer.group.begin(), message ? transfer.group.begin() + 1 : transfer.group.end());
    result.bytes += transfer.bytes * (message ? 1.0 : static_cast<double>(transfer.group.size()));
    crossing.add(transfer);
  }
  result.crossing = crossing.bytes();
  result.rate_per_gpu = result.bytes / result.completion / static_cast<double>(senders.size());
  result.capacity_per_gpu = topology::bisection_per_gpu(topology);
  if (result.capacity_per_gpu > BytesPerSecond{}) {
    result.achieved = result.crossing / result.completion / (result.capacity_per_gpu * crossing.smaller_half());
    return;
  }
  result.bisection_known = false;
  result.capacity_per_gpu = injection_of(*senders.begin(), topology);
  if (result.capacity_per_gpu > BytesPerSecond{}) result.achieved = result.rate_per_gpu / result.capacity_per_gpu;
}

}  // namespace

TrafficResult simulate_traffic(const std::vector<Transfer>& transfers, const hardware::Platform& platform,
                               const topology::Topology& topology, task::Executor& executor, bool fold) {
  ensure(!transfers.empty(), "traffic has a transfer");
  TrafficGraph tasks(platform, topology);
  tasks.add(transfers, fold);
  FlowTimes times(tasks.graph);
  executor.submit(tasks.graph, times, [] {});
  executor.run();
  TrafficResult result;
  sum_up_flows(tasks, times, result);
  rank_channels(tasks, topology.fabric, result);
  compare_with_capacity(transfers, topology, result);
  return result;
}

}  // namespace aifsim::study
