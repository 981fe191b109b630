#include "study/traffic_graph.hpp"

#include <algorithm>

namespace aifsim::study {
namespace {

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

}  // namespace

collective::CollectivePlan plan_of(const Transfer& transfer, const hardware::Platform& platform,
                                   const topology::Topology& topology) {
  std::vector<DeviceId> members;
  for (const std::size_t gpu : transfer.group) members.push_back(topology.fabric.gpu(gpu));
  return collective::plan({.operation = transfer.operation, .bytes = transfer.bytes, .groups = {std::move(members)}},
                          platform, topology);
}

Seconds latency_of(std::span<const ChannelUse> path, const topology::Fabric& fabric) {
  Seconds sum;
  for (const ChannelUse& use : path) sum += fabric.channel(use.channel).latency * std::min(1.0, use.multiplicity);
  return sum;
}

void TrafficGraph::add(const std::vector<Transfer>& transfers, bool fold) {
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    if (is_message(transfers[i])) {
      route(transfers[i], i);
    } else {
      add_collective(transfers[i], i);
      fold = false;  // one rank stands for all there, and meets the messages on its own channels
    }
  }
  const FlowClasses folded =
      fold ? classify(messages_, uses_, topology_.fabric) : no_classes(messages_, uses_, topology_.fabric);
  for (const FlowClass& flows : folded.classes) {
    add_message(flows.flow, flows, graph.label(transfers[transfer_of_[flows.flow]].name));
  }
  like_ = folded.like;
}

void TrafficGraph::route(const Transfer& transfer, std::size_t index) {
  LoneFlow message{.first_use = uses_.size(), .bytes = transfer.bytes, .start = transfer.start, .latency = {}};
  topology_.routing->append_path(topology_.fabric.gpu(transfer.group[0]), topology_.fabric.gpu(transfer.group[1]),
                                 messages_.size(), uses_);
  message.latency = latency_of(std::span(uses_).subspan(message.first_use), topology_.fabric);
  messages_.push_back(message);
  transfer_of_.push_back(index);
}

void TrafficGraph::add_message(std::size_t message, const FlowClass& flows, LabelId label) {
  const LoneFlow& alone = messages_[message];
  std::vector<TaskId> after;
  if (alone.start > Seconds{}) after = {graph.delay(alone.start, label)};
  add_to_graph({.path = path(flows.path, {.transfer = transfer_of_[message], .message = message}),
                .bytes = alone.bytes,
                .latency = alone.latency,
                .rate_limit = {},
                .device = {}},
               flows.path, flows.flows, label, after);
}

void TrafficGraph::add_collective(const Transfer& transfer, std::size_t index) {
  const LabelId label = graph.label(transfer.name);
  const collective::CollectivePlan plan = plan_of(transfer, platform_, topology_);
  std::vector<TaskId> after;
  if (transfer.start > Seconds{}) after = {graph.delay(transfer.start, label)};
  if (plan.alpha > Seconds{}) after = {graph.delay(plan.alpha, label, after)};
  for (std::size_t phase = 0; phase < plan.phases.size(); ++phase) {
    std::vector<TaskId> sent;
    for (std::size_t i = 0; i < plan.phases[phase].size(); ++i) {
      const collective::PhaseFlow& flow = plan.phases[phase][i];
      sent.push_back(add_to_graph({.path = path(flow.path, {.transfer = index, .phase = phase, .flow = i}),
                                   .bytes = flow.bytes,
                                   .latency = {},
                                   .rate_limit = flow.rate_limit,
                                   .device = {}},
                                  flow.path, 1, label, after));
    }
    after = std::move(sent);
  }
}

PathId TrafficGraph::path(const std::vector<ChannelUse>& channels, const Origin& origin) {
  origins_.push_back(origin);
  return graph.path(channels);
}

TaskId TrafficGraph::add_to_graph(const task::TaskGraph::Flow& flow, const std::vector<ChannelUse>& path,
                                  std::size_t flows, LabelId label, std::span<const TaskId> after) {
  for (const ChannelUse& use : path) carried_[use.channel.index()] += use.multiplicity * flow.bytes.in(units::B);
  const TaskId task = graph.flow(flow, label, after);
  flows_like_.resize(task.index() + 1, 0);
  flows_like_.back() = flows;
  return task;
}

}  // namespace aifsim::study
