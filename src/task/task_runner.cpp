#include "task/task_runner.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace aifsim::task {

void TaskRunner::submit(const TaskGraph& graph, Recorder& recorder, std::function<void()> done) {
  const std::uint32_t index = take_slot();
  Slot& slot = slots_[index];
  slot.graph = &graph;
  slot.recorder = &recorder;
  slot.done = std::move(done);
  slot.unfinished = graph.size();
  invert_dependencies(slot);
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (slot.waiting_for[i] == 0) ready_.push_back({index, TaskId{i}});
  }
  if (graph.size() == 0) ended_.push_back({{index, {}}, {}});
}

RunningTask TaskRunner::add_callback(std::function<void()> callback) {
  const std::uint32_t index = take_slot();
  slots_[index].done = std::move(callback);
  return {index, {}};
}

bool TaskRunner::settle(Seconds now) {
  const bool anything = !ended_.empty() || !ready_.empty();
  while (!ended_.empty() || !ready_.empty()) {
    acting_.swap(ended_);
    std::sort(acting_.begin(), acting_.end(),
              [this](const Ended& a, const Ended& b) { return before(a.running, b.running); });
    for (const Ended& ended : acting_) act_on(ended, now);
    acting_.clear();
    start_ready(now);
  }
  return anything;
}

std::uint32_t TaskRunner::take_slot() {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  slots_[index] = Slot{};
  slots_[index].sequence = next_sequence_++;
  return index;
}

void TaskRunner::invert_dependencies(Slot& slot) const {
  const TaskGraph& graph = *slot.graph;
  slot.waiting_for.resize(graph.size());
  slot.successor_first.assign(graph.size() + 1, 0);
  for (std::size_t i = 0; i < graph.size(); ++i) {
    const auto dependencies = graph.dependencies(TaskId{i});
    slot.waiting_for[i] = static_cast<std::uint32_t>(dependencies.size());
    for (const TaskId dependency : dependencies) ++slot.successor_first[dependency.index() + 1];
  }
  for (std::size_t i = 0; i < graph.size(); ++i) slot.successor_first[i + 1] += slot.successor_first[i];
  slot.successors.resize(slot.successor_first.back());
  std::vector<std::uint32_t> next(slot.successor_first.begin(), slot.successor_first.end() - 1);
  for (std::size_t i = 0; i < graph.size(); ++i) {
    for (const TaskId dependency : graph.dependencies(TaskId{i})) {
      slot.successors[next[dependency.index()]++] = TaskId{i};
    }
  }
}

void TaskRunner::act_on(const Ended& ended, Seconds now) {
  const auto [index, task] = ended.running;
  if (!task.valid()) return call_back(index);
  Slot& slot = slots_[index];
  slot.recorder->finished(task, now, ended.bound);
  ++counters_.tasks;
  if (slot.graph->task(task).kind == TaskKind::flow) ++counters_.flows;
  const std::uint32_t last = slot.successor_first[task.index() + 1];
  for (std::uint32_t i = slot.successor_first[task.index()]; i < last; ++i) {
    const TaskId successor = slot.successors[i];
    if (--slot.waiting_for[successor.index()] == 0) ready_.push_back({index, successor});
  }
  if (--slot.unfinished == 0) call_back(index);
}

void TaskRunner::start_ready(Seconds now) {
  starting_.swap(ready_);
  std::sort(starting_.begin(), starting_.end(), [this](RunningTask a, RunningTask b) { return before(a, b); });
  for (const RunningTask running : starting_) {
    const Slot& slot = slots_[running.slot];
    slot.recorder->started(running.task, now);
    if (launcher_.launch(running, *slot.graph, slot.graph->task(running.task))) ended_.push_back({running, {}});
  }
  starting_.clear();
}

void TaskRunner::call_back(std::uint32_t index) {
  const std::function<void()> done = std::move(slots_[index].done);
  slots_[index] = Slot{};
  free_.push_back(index);
  if (done) done();
}

bool TaskRunner::before(RunningTask a, RunningTask b) const {
  return std::pair(slots_[a.slot].sequence, a.task) < std::pair(slots_[b.slot].sequence, b.task);
}

}  // namespace aifsim::task
