// Who executes a TaskGraph, and who watches.
#pragma once

#include <functional>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "task/rerouter.hpp"
#include "task/task_graph.hpp"

namespace aifsim::task {

// Watches; never acts. Calls come in the order (time, task id) of the executor's clock.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void started(TaskId task, Seconds when) = 0;
  // `bound`: for a flow, the channel that limited its rate for the longest time (invalid when its own rate_limit did);
  // invalid for other tasks.
  virtual void finished(TaskId task, Seconds when, ChannelId bound) = 0;
};

// Runs tasks in virtual time. Deterministic: ties are broken by submission order.
class Executor {
 public:
  virtual ~Executor() = default;
  [[nodiscard]] virtual Seconds now() const = 0;
  // Do flows that share a channel slow each other?
  [[nodiscard]] virtual bool contends() const { return true; }
  // Calls back at virtual time `when` (not before now).
  virtual void at(Seconds when, std::function<void()> callback) = 0;
  // Starts every task of the graph as soon as its dependencies have finished; calls `done` after the last one. The
  // graph and the recorder must outlive it. May be called from a callback.
  virtual void submit(const TaskGraph& graph, Recorder& recorder, std::function<void()> done) = 0;
  // From now on; may be called from a callback. Flows on a channel of no capacity (a dead link) stall until it has some
  // again.
  virtual void set_capacity(ChannelId channel, BytesPerSecond capacity) = 0;
  // From now on, and before the first submit(): flows take the ways that the rerouter gives. It must outlive the runs.
  virtual void watch(Rerouter* rerouter) = 0;
  // Asks the rerouter for every flow under way; one that changes its way moves what it has left on the new one. May be
  // called from a callback.
  virtual void reroute() = 0;
  // Until nothing is left to do. ConfigError when flows are left that nothing can bring to move again.
  virtual void run() = 0;

  struct Counters {
    std::uint64_t tasks = 0;  // finished
    std::uint64_t flows = 0;  // of them flows
  };
  [[nodiscard]] virtual Counters counters() const = 0;
};

}  // namespace aifsim::task
