#include "task/ideal_executor.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "task/task_runner.hpp"
#include "task/timer_queue.hpp"

namespace aifsim::task {
namespace {

class IdealExecutor final : public Executor, private TaskRunner::Launcher {
 public:
  explicit IdealExecutor(std::vector<BytesPerSecond> channel_capacity) : capacity_(std::move(channel_capacity)) {}

  [[nodiscard]] Seconds now() const override { return now_; }
  [[nodiscard]] Counters counters() const override { return runner_.counters(); }

  void at(Seconds when, std::function<void()> callback) override {
    ensure(when >= now_, "a callback is not before now");
    queue_.push(when, {runner_.add_callback(std::move(callback)), {}});
  }

  void submit(const TaskGraph& graph, Recorder& recorder, std::function<void()> done) override {
    runner_.submit(graph, recorder, std::move(done));
  }

  void run() override {
    runner_.settle(now_);
    while (!queue_.empty()) {
      now_ = queue_.next();
      while (queue_.next() == now_) {
        const Due due = queue_.pop();
        runner_.finish(due.running, due.bound);
      }
      runner_.settle(now_);
    }
  }

 private:
  struct Due {
    RunningTask running;
    ChannelId bound;
  };

  bool launch(RunningTask running, const TaskGraph& graph, const Task& task) override {
    const auto [duration, bound] =
        task.kind == TaskKind::flow ? lone_flow(graph, task) : std::pair(task.duration, ChannelId{});
    if (duration == Seconds{} && !bound.valid()) return true;
    queue_.push(now_ + duration, {running, bound});
    return false;
  }

  [[nodiscard]] std::pair<Seconds, ChannelId> lone_flow(const TaskGraph& graph, const Task& task) const {
    constexpr BytesPerSecond unlimited = BytesPerSecond::from_base(std::numeric_limits<double>::infinity());
    BytesPerSecond rate = task.rate_limit > BytesPerSecond{} ? task.rate_limit : unlimited;
    ChannelId bound;
    for (const ChannelUse& use : graph.channels(task.path)) {
      ensure(use.channel.index() < capacity_.size(), "a flow's channels are in the fabric");
      const BytesPerSecond share = capacity_[use.channel.index()] * (1.0 / use.multiplicity);
      if (share < rate) {
        rate = share;
        bound = use.channel;
      }
    }
    return {task.duration + task.bytes / rate, bound};
  }

  std::vector<BytesPerSecond> capacity_;
  Seconds now_;
  TimerQueue<Due> queue_;
  TaskRunner runner_{*this};
};

}  // namespace

std::unique_ptr<Executor> make_ideal_executor(std::vector<BytesPerSecond> channel_capacity) {
  return std::make_unique<IdealExecutor>(std::move(channel_capacity));
}

}  // namespace aifsim::task
