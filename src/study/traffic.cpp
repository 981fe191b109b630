#include "study/traffic.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "metrics/percentile.hpp"
#include "study/traffic_faults.hpp"
#include "study/traffic_graph.hpp"
#include "task/task_graph.hpp"
#include "topology/summary.hpp"

namespace aifsim::study {
namespace {

constexpr std::size_t hottest_shown = 10;

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

void sum_up_flows(const TrafficGraph& tasks, const FlowTimes& times, const TrafficFaults* faults,
                  TrafficResult& result) {
  std::vector<double> all;
  Seconds last;
  for (std::size_t task = 0; task < tasks.graph.size(); ++task) {
    if (tasks.graph.task(TaskId{task}).kind != task::TaskKind::flow) continue;
    result.flows += tasks.flows_like(task);
    ++result.classes;
    if (faults != nullptr && faults->lost(TaskId{task})) {
      result.lost += tasks.flows_like(task);
      continue;
    }
    all.insert(all.end(), tasks.flows_like(task), times.time[task].in(units::s));
    last = std::max(last, times.start[task] + times.time[task]);
  }
  result.completion = faults == nullptr ? times.last : last;
  if (all.empty()) return;
  result.mean_flow_time = units::s * (std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size()));
  result.p99_flow_time = units::s * metrics::percentile(std::move(all), 0.99);
}

void rank_channels(const TrafficGraph& tasks, const topology::Fabric& fabric, TrafficResult& result) {
  if (result.completion <= Seconds{}) return;  // everything is lost
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
                           const TrafficFaults* faults, TrafficResult& result) {
  std::set<std::size_t> senders;
  Crossing crossing(topology);
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    const Transfer& transfer = transfers[i];
    const bool message = is_message(transfer);
    senders.insert(transfer.group.begin(), message ? transfer.group.begin() + 1 : transfer.group.end());
    if (faults != nullptr && faults->lost(i)) continue;
    result.bytes += transfer.bytes * (message ? 1.0 : static_cast<double>(transfer.group.size()));
    crossing.add(transfer);
  }
  result.crossing = crossing.bytes();
  if (result.completion <= Seconds{}) return;
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
  const std::vector<topology::NetworkChange> changes = topology::changes_in_run(platform, topology);
  TrafficGraph tasks(platform, topology);
  tasks.add(transfers, fold && changes.empty());  // what dies tells flows apart
  FlowTimes times(tasks.graph);
  std::optional<TrafficFaults> faults;
  if (!changes.empty()) faults.emplace(transfers, tasks, platform, topology, changes, executor);
  if (faults) faults->begin();
  executor.submit(tasks.graph, times, [&] {
    if (faults) faults->end();
  });
  executor.run();
  const TrafficFaults* struck = faults ? &*faults : nullptr;
  TrafficResult result;
  sum_up_flows(tasks, times, struck, result);
  rank_channels(tasks, topology.fabric, result);
  compare_with_capacity(transfers, topology, struck, result);
  if (faults) result.faults = faults->tell();
  return result;
}

}  // namespace aifsim::study
