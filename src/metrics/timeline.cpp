#include "metrics/timeline.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"

namespace aifsim::metrics {
namespace {

constexpr Seconds not_yet = Seconds::from_base(-std::numeric_limits<double>::infinity());

}  // namespace

Timeline::Timeline(std::size_t task_count)
    : start_(task_count, Seconds::from_base(0)), finish_(task_count, not_yet), bound_(task_count) {}

void Timeline::started(TaskId task, Seconds when) {
  ensure(task.index() < start_.size(), "a timeline records only tasks of its graph");
  begin_ = started_count_ == 0 ? when : std::min(begin_, when);
  ++started_count_;
  start_[task.index()] = when;
}

void Timeline::finished(TaskId task, Seconds when, ChannelId bound) {
  ensure(task.index() < start_.size(), "a timeline records only tasks of its graph");
  ensure(when >= start_[task.index()], "a task finishes no earlier than it starts");
  const bool later = finished_count_ == 0 || when > end_;
  if (later || (when == end_ && task < last_)) last_ = task;
  if (later) end_ = when;
  ++finished_count_;
  finish_[task.index()] = when;
  bound_[task.index()] = bound;
}

}  // namespace aifsim::metrics
