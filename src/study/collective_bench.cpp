#include "study/collective_bench.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace aifsim::study {
namespace {

using collective::Operation;

// nccl-tests, PERFORMANCE.md.
double bus_factor(Operation operation, double ranks) {
  switch (operation) {
    case Operation::all_reduce: return 2 * (ranks - 1) / ranks;
    case Operation::all_gather:
    case Operation::reduce_scatter:
    case Operation::all_to_all:
    case Operation::all_to_all_v: return (ranks - 1) / ranks;
    case Operation::broadcast:
    case Operation::reduce:
    case Operation::send_receive: return 1;
  }
  return 1;
}

// The channel that bounded the flow which ended last.
class LastFlow final : public task::Recorder {
 public:
  void started(TaskId /*task*/, Seconds /*when*/) override {}
  void finished(TaskId task, Seconds when, ChannelId bound) override {
    if (when < end_) return;
    end_ = when;
    if (task.index() > 0) bound_ = bound;
  }
  [[nodiscard]] ChannelId bound() const { return bound_; }
  [[nodiscard]] Seconds end() const { return end_; }

 private:
  Seconds end_;
  ChannelId bound_{};
};

task::TaskGraph graph_of(const collective::CollectivePlan& plan) {
  task::TaskGraph graph;
  const LabelId label = graph.label(plan.algorithm);
  std::vector<TaskId> after{graph.delay(plan.alpha, label)};
  for (const collective::Phase& phase : plan.phases) {
    std::vector<TaskId> flows;
    for (const collective::PhaseFlow& flow : phase) {
      flows.push_back(graph.flow({.path = graph.path(flow.path),
                                  .bytes = flow.bytes,
                                  .latency = {},
                                  .rate_limit = flow.rate_limit,
                                  .device = {},
                                  .steal = 0},
                                 label, after));
    }
    after = std::move(flows);
  }
  return graph;
}

// Enough that a slow edge is felt all around the ring while the ring still runs.
constexpr std::size_t pieces = 8;

task::TaskGraph unfolded_graph_of(const collective::CollectivePlan& plan, std::size_t devices) {
  task::TaskGraph graph;
  const LabelId label = graph.label(plan.algorithm);
  const TaskId begin = graph.delay(plan.alpha, label);
  struct Edge {
    const collective::MemberFlow* flow;
    PathId path;
    TaskId last;
  };
  std::vector<Edge> edges;
  for (const collective::PhaseFlow& flow : plan.phases.front()) {
    for (const collective::MemberFlow& member : flow.members)
      edges.push_back({&member, graph.path(member.path), begin});
  }
  std::vector<std::vector<TaskId>> received(devices), receiving(devices);  // by device: the last piece
  std::vector<TaskId> after;
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    for (Edge& edge : edges) {
      const collective::MemberFlow& flow = *edge.flow;
      after = received[flow.source.index()];
      after.push_back(edge.last);
      edge.last = graph.flow({.path = edge.path,
                              .bytes = flow.bytes * (1.0 / static_cast<double>(pieces)),
                              .latency = {},
                              .rate_limit = flow.rate_limit,
                              .device = {},
                              .steal = 0},
                             label, after);
      receiving[flow.destination.index()].push_back(edge.last);
    }
    std::swap(received, receiving);
    for (const Edge& edge : edges) receiving[edge.flow->destination.index()].clear();
  }
  return graph;
}

// Of the slowest flow, the channel nearest to its capacity: the protocol's ceiling is a share of it.
ChannelId fullest_channel(const collective::CollectivePlan& plan, const topology::Fabric& fabric) {
  ChannelId fullest{};
  Seconds most;
  for (const collective::Phase& phase : plan.phases) {
    for (const collective::PhaseFlow& flow : phase) {
      Seconds own = flow.rate_limit > BytesPerSecond{} ? flow.bytes / flow.rate_limit : Seconds{};
      Seconds busiest;
      ChannelId channel{};
      for (const ChannelUse& use : flow.path) {
        const Seconds busy = flow.bytes * use.multiplicity / fabric.channel(use.channel).capacity;
        if (busy > busiest) channel = use.channel;
        busiest = std::max(busiest, busy);
      }
      own = std::max(own, busiest);
      if (own > most) fullest = channel;
      most = std::max(most, own);
    }
  }
  return fullest;
}

BenchRow run_plan(const collective::CollectivePlan& plan, Bytes bytes, const topology::Fabric& fabric,
                  task::Executor& executor) {
  const bool unfolded = !plan.phases.empty() && !plan.phases.front().front().members.empty();
  const task::TaskGraph graph = unfolded ? unfolded_graph_of(plan, fabric.devices().size()) : graph_of(plan);
  const Seconds begin = executor.now();
  const auto flows_before = static_cast<std::size_t>(executor.counters().flows);
  LastFlow last;
  bool finished = false;
  executor.submit(graph, last, [&finished] { finished = true; });
  executor.run();
  ensure(finished, "a collective ends");
  const std::size_t flows = static_cast<std::size_t>(executor.counters().flows) - flows_before;
  BenchRow row{.bytes = bytes, .time = last.end() - begin, .algorithm = plan.algorithm, .protocol = plan.protocol};
  row.flows = flows;
  row.latency_bound = plan.alpha * 2 > row.time;
  if (!row.latency_bound) row.bottleneck = last.bound().valid() ? last.bound() : fullest_channel(plan, fabric);
  return row;
}

}  // namespace

Bench run_bench(const BenchRequest& request, const hardware::Platform& platform, const topology::Topology& topology,
                task::Executor& executor) {
  const std::size_t all = topology.fabric.gpu_count();
  Bench bench{.operation = request.operation,
              .ranks = request.ranks > 0 ? static_cast<std::size_t>(request.ranks) : all};
  ensure(bench.ranks <= all, "no more ranks than GPUs");
  bench.bus_factor = bus_factor(request.operation, static_cast<double>(bench.ranks));
  collective::Request wanted{.operation = request.operation,
                             .groups = {{}},
                             .algorithm = request.algorithm,
                             .collnet_allowed = request.collnet,
                             .weights = request.weights,
                             .steps = request.steps,
                             .unfolded = request.unfolded};
  for (std::size_t gpu = 0; gpu < bench.ranks; ++gpu) wanted.groups.front().push_back(topology.fabric.gpu(gpu));
  for (const Bytes bytes : request.sizes) {
    wanted.bytes = bytes;
    bench.rows.push_back(run_plan(collective::plan(wanted, platform, topology), bytes, topology.fabric, executor));
  }
  return bench;
}

}  // namespace aifsim::study
