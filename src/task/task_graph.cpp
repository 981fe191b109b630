#include "task/task_graph.hpp"

#include <cmath>

#include "base/error.hpp"

namespace aifsim::task {
namespace {

bool is_amount(double value) { return std::isfinite(value) && value >= 0.0; }

}  // namespace

LabelId TaskGraph::label(std::string_view text) {
  if (const auto known = label_ids_.find(text); known != label_ids_.end()) return known->second;
  const LabelId id{labels_.size()};
  labels_.emplace_back(text);
  label_ids_.emplace(text, id);
  return id;
}

PathId TaskGraph::path(std::span<const ChannelUse> channels) {
  for (const ChannelUse& use : channels) {
    ensure(use.channel.valid(), "a path names its channels");
    ensure(std::isfinite(use.multiplicity) && use.multiplicity > 0.0, "a channel's multiplicity is positive");
  }
  const PathId id{path_count()};
  path_channels_.insert(path_channels_.end(), channels.begin(), channels.end());
  path_first_.push_back(static_cast<std::uint32_t>(path_channels_.size()));
  return id;
}

TaskId TaskGraph::compute(DeviceId device, Seconds duration, LabelId label, std::span<const TaskId> after) {
  ensure(device.valid(), "a compute task names its device");
  return add({.kind = TaskKind::compute, .label = label, .device = device, .duration = duration}, after);
}

TaskId TaskGraph::delay(Seconds duration, LabelId label, std::span<const TaskId> after, DeviceId device) {
  return add({.kind = TaskKind::delay, .label = label, .device = device, .duration = duration}, after);
}

TaskId TaskGraph::flow(const Flow& flow, LabelId label, std::span<const TaskId> after) {
  ensure(flow.path.index() < path_count(), "a flow's path is one of its graph");
  ensure(is_amount(flow.bytes.base()), "a flow's bytes are finite and not negative");
  ensure(is_amount(flow.rate_limit.base()), "a flow's rate limit is finite and not negative");
  ensure(flow.steal >= 0.0 && flow.steal <= 1.0, "a flow steals between nothing and all of its device");
  return add({.kind = TaskKind::flow,
              .label = label,
              .device = flow.device,
              .path = flow.path,
              .duration = flow.latency,
              .bytes = flow.bytes,
              .rate_limit = flow.rate_limit,
              .steal = flow.steal},
             after);
}

TaskId TaskGraph::join(LabelId label, std::span<const TaskId> after) {
  return add({.kind = TaskKind::join, .label = label}, after);
}

std::span<const TaskId> TaskGraph::dependencies(TaskId id) const {
  const std::uint32_t first = dependency_first_[id.index()];
  return std::span(dependencies_).subspan(first, dependency_first_[id.index() + 1] - first);
}

std::span<const ChannelUse> TaskGraph::channels(PathId id) const {
  const std::uint32_t first = path_first_[id.index()];
  return std::span(path_channels_).subspan(first, path_first_[id.index() + 1] - first);
}

TaskId TaskGraph::add(Task task, std::span<const TaskId> after) {
  ensure(is_amount(task.duration.base()), "a task's duration is finite and not negative");
  ensure(task.label.index() < labels_.size(), "a task's label is one of its graph");
  const TaskId id{tasks_.size()};
  for (const TaskId dependency : after) ensure(dependency < id, "a task depends only on tasks added before it");
  tasks_.push_back(task);
  dependencies_.insert(dependencies_.end(), after.begin(), after.end());
  dependency_first_.push_back(static_cast<std::uint32_t>(dependencies_.size()));
  return id;
}

}  // namespace aifsim::task
