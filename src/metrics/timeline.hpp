// When each task of one graph started and finished, and what bounded its rate.
#pragma once

#include <cstddef>
#include <vector>

#include "task/executor.hpp"

namespace aifsim::metrics {

class Timeline final : public task::Recorder {
 public:
  explicit Timeline(std::size_t task_count);

  void started(TaskId task, Seconds when) override;
  void finished(TaskId task, Seconds when, ChannelId bound) override;

  [[nodiscard]] Seconds start(TaskId task) const { return start_[task.index()]; }
  [[nodiscard]] Seconds finish(TaskId task) const { return finish_[task.index()]; }
  [[nodiscard]] ChannelId bound(TaskId task) const { return bound_[task.index()]; }
  [[nodiscard]] bool has_finished(TaskId task) const { return finish_[task.index()] >= start_[task.index()]; }

  [[nodiscard]] std::size_t size() const { return start_.size(); }
  [[nodiscard]] std::size_t finished_count() const { return finished_count_; }
  [[nodiscard]] Seconds begin() const { return begin_; }  // the first start
  [[nodiscard]] Seconds end() const { return end_; }      // the last finish
  [[nodiscard]] Seconds elapsed() const { return end_ - begin_; }
  [[nodiscard]] TaskId last() const { return last_; }  // finished at end(); the lowest id if several did

 private:
  std::vector<Seconds> start_;
  std::vector<Seconds> finish_;
  std::vector<ChannelId> bound_;
  std::size_t started_count_ = 0;
  std::size_t finished_count_ = 0;
  Seconds begin_;
  Seconds end_;
  TaskId last_;
};

}  // namespace aifsim::metrics
