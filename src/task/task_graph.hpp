// What is to be executed: compute on devices, flows over channels, waits, and who waits for whom.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"

namespace aifsim::task {

enum class TaskKind : std::uint8_t {
  compute,  // `duration` of a whole device; devices run one compute task at a time at full speed, several share it
  delay,    // a timer
  flow,     // `bytes` over a path, after `duration` of latency
  join,     // nothing but its dependencies
};

struct Task {
  TaskKind kind = TaskKind::join;
  LabelId label{};
  DeviceId device{};            // compute: where; flow: whose compute it slows; delay: who waits (both may be invalid)
  PathId path{};                // flow
  Seconds duration{};           // compute: alone on the device; delay: itself; flow: latency before the first byte
  Bytes bytes{};                // flow: what one simulated flow carries
  BytesPerSecond rate_limit{};  // flow: its own ceiling (protocol, copy engine); 0 = none
  double steal = 0.0;           // flow: fraction of `device` its kernel takes from compute while bytes move
};

// Immutable once built, acyclic by construction: a task depends only on tasks added before it.
class TaskGraph {
 public:
  LabelId label(std::string_view text);               // the same text gives the same id
  PathId path(std::span<const ChannelUse> channels);  // stored once, used by any number of flows

  TaskId compute(DeviceId device, Seconds duration, LabelId label, std::span<const TaskId> after = {});
  TaskId delay(Seconds duration, LabelId label, std::span<const TaskId> after = {}, DeviceId device = {});
  struct Flow {
    PathId path;
    Bytes bytes;
    Seconds latency;
    BytesPerSecond rate_limit;
    DeviceId device;
    double steal = 0.0;
  };
  TaskId flow(const Flow& flow, LabelId label, std::span<const TaskId> after = {});
  TaskId join(LabelId label, std::span<const TaskId> after);

  [[nodiscard]] std::size_t size() const { return tasks_.size(); }
  [[nodiscard]] const Task& task(TaskId id) const { return tasks_[id.index()]; }
  [[nodiscard]] std::span<const TaskId> dependencies(TaskId id) const;
  [[nodiscard]] std::span<const ChannelUse> channels(PathId id) const;
  [[nodiscard]] std::size_t path_count() const { return path_first_.size() - 1; }
  [[nodiscard]] const std::string& text(LabelId id) const { return labels_[id.index()]; }
  [[nodiscard]] std::size_t label_count() const { return labels_.size(); }

 private:
  TaskId add(Task task, std::span<const TaskId> after);

  std::vector<Task> tasks_;
  std::vector<std::uint32_t> dependency_first_{0};  // CSR: dependencies of task i are [first[i], first[i+1])
  std::vector<TaskId> dependencies_;
  std::vector<std::uint32_t> path_first_{0};
  std::vector<ChannelUse> path_channels_;
  std::vector<std::string> labels_;
  std::map<std::string, LabelId, std::less<>> label_ids_;
};

}  // namespace aifsim::task
