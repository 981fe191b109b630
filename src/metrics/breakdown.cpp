#include "metrics/breakdown.hpp"

#include <algorithm>
#include <vector>

#include "metrics/label.hpp"

namespace aifsim::metrics {
namespace {

std::vector<TaskId> tasks_of(const task::TaskGraph& graph, DeviceId device) {
  std::vector<bool> awaited(graph.size(), false);
  std::vector<TaskId> tasks;
  for (std::size_t index = graph.size(); index-- > 0;) {
    const TaskId id(index);
    const task::Task& task = graph.task(id);
    const bool timer = task.kind == task::TaskKind::delay || task.kind == task::TaskKind::join;
    const bool owned = timer && !task.device.valid() ? awaited[index] : task.device == device;
    if (!owned) continue;
    if (task.kind != task::TaskKind::join) tasks.push_back(id);
    for (const TaskId dependency : graph.dependencies(id)) awaited[dependency.index()] = true;
  }
  return tasks;
}

// Of the tasks started so far, the one that ends last: if it has ended, all have.
class EndsLast {
 public:
  explicit EndsLast(const Timeline& timeline) : timeline_(timeline) {}
  void start(TaskId task) {
    if (!task_.valid() || timeline_.finish(task) > timeline_.finish(task_)) task_ = task;
  }
  [[nodiscard]] bool running_at(Seconds when) const { return task_.valid() && timeline_.finish(task_) > when; }
  [[nodiscard]] TaskId task() const { return task_; }

 private:
  const Timeline& timeline_;
  TaskId task_;
};

}  // namespace

Breakdown exposed_breakdown(const task::TaskGraph& graph, const Timeline& timeline, DeviceId device) {
  std::vector<TaskId> tasks = tasks_of(graph, device);
  std::sort(tasks.begin(), tasks.end(), [&](TaskId a, TaskId b) {
    return timeline.start(a) < timeline.start(b) || (timeline.start(a) == timeline.start(b) && a < b);
  });
  std::vector<Seconds> instants{timeline.begin(), timeline.end()};
  for (const TaskId task : tasks) {
    instants.push_back(timeline.start(task));
    instants.push_back(timeline.finish(task));
  }
  std::sort(instants.begin(), instants.end());

  std::vector<Seconds> by_label(graph.label_count());
  Seconds bubble;
  EndsLast compute(timeline);
  EndsLast other(timeline);
  auto next = tasks.begin();
  for (std::size_t i = 0; i + 1 < instants.size(); ++i) {
    for (; next != tasks.end() && timeline.start(*next) <= instants[i]; ++next) {
      (graph.task(*next).kind == task::TaskKind::compute ? compute : other).start(*next);
    }
    const Seconds span = instants[i + 1] - instants[i];
    if (compute.running_at(instants[i])) {
      by_label[graph.task(compute.task()).label.index()] += span;
    } else if (other.running_at(instants[i])) {
      by_label[graph.task(other.task()).label.index()] += span;
    } else {
      bubble += span;
    }
  }

  Breakdown breakdown;
  for (std::size_t index = 0; index < by_label.size(); ++index) {
    if (by_label[index] > Seconds{}) {
      breakdown[std::string(split_label(graph.text(LabelId(index))).cause)] += by_label[index];
    }
  }
  if (bubble > Seconds{}) breakdown["bubble"] += bubble;
  return breakdown;
}

}  // namespace aifsim::metrics
