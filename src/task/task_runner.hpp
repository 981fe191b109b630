// What every executor shares: which task of which graph may start, and in which order things of one instant happen.
//
// An executor collects what ends at an instant with finish() and fire(), then calls settle(). Within the instant
// everything is ordered by (submission, task id), whatever order the clock's own machinery found it in.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "task/executor.hpp"

namespace aifsim::task {

// A task of a submitted graph, or, when `task` is invalid, a callback. Small, for it rides on every event.
struct RunningTask {
  std::uint32_t slot = 0;
  TaskId task;
};

class TaskRunner {
 public:
  // Sets a task going. True if it has already ended: it takes no time.
  class Launcher {
   public:
    virtual ~Launcher() = default;
    virtual bool launch(RunningTask running, const TaskGraph& graph, const Task& task) = 0;
  };

  explicit TaskRunner(Launcher& launcher) : launcher_(launcher) {}

  void submit(const TaskGraph& graph, Recorder& recorder, std::function<void()> done);
  [[nodiscard]] RunningTask add_callback(std::function<void()> callback);  // to be fired by finish()

  void finish(RunningTask running, ChannelId bound = {}) { ended_.push_back({running, bound}); }
  // Acts on all that has ended by `now`, and on what follows from it at the same instant. False if there was nothing.
  bool settle(Seconds now);

  [[nodiscard]] const TaskGraph& graph(RunningTask running) const { return *slots_[running.slot].graph; }
  [[nodiscard]] bool idle() const { return free_.size() == slots_.size(); }
  [[nodiscard]] Executor::Counters counters() const { return counters_; }

 private:
  struct Slot {
    std::uint64_t sequence = 0;
    const TaskGraph* graph = nullptr;  // none: a callback
    Recorder* recorder = nullptr;
    std::function<void()> done;                  // or the callback itself
    std::vector<std::uint32_t> waiting_for;      // dependencies not yet finished, by task
    std::vector<std::uint32_t> successor_first;  // CSR, as in the graph but the other way round
    std::vector<TaskId> successors;
    std::size_t unfinished = 0;
  };
  struct Ended {
    RunningTask running;
    ChannelId bound;
  };

  std::uint32_t take_slot();
  void invert_dependencies(Slot& slot) const;
  void act_on(const Ended& ended, Seconds now);
  void start_ready(Seconds now);
  void call_back(std::uint32_t slot);
  [[nodiscard]] bool before(RunningTask a, RunningTask b) const;

  Launcher& launcher_;
  std::deque<Slot> slots_;  // a deque: callbacks submit while slots are in use
  std::vector<std::uint32_t> free_;
  std::vector<Ended> ended_, acting_;
  std::vector<RunningTask> ready_, starting_;
  std::uint64_t next_sequence_ = 0;
  Executor::Counters counters_;
};

}  // namespace aifsim::task
