#include "task/ideal_executor.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "task/flow_steering.hpp"
#include "task/stalled.hpp"
#include "task/task_runner.hpp"
#include "task/timer_queue.hpp"

namespace aifsim::task {
namespace {

class IdealExecutor final : public Executor, private TaskRunner::Launcher, private FlowSteering::Carrier {
 public:
  explicit IdealExecutor(std::vector<BytesPerSecond> channel_capacity) : capacity_(std::move(channel_capacity)) {}

  [[nodiscard]] Seconds now() const override { return now_; }
  [[nodiscard]] bool contends() const override { return false; }
  [[nodiscard]] Counters counters() const override { return runner_.counters(); }

  void at(Seconds when, std::function<void()> callback) override {
    ensure(when >= now_, "a callback is not before now");
    queue_.push(when, {runner_.add_callback(std::move(callback))});
  }

  void submit(const TaskGraph& graph, Recorder& recorder, std::function<void()> done) override {
    runner_.submit(graph, recorder, std::move(done));
  }

  void set_capacity(ChannelId channel, BytesPerSecond capacity) override {
    ensure(channel.index() < capacity_.size(), "a channel that changes is in the fabric");
    ensure(capacity >= BytesPerSecond{}, "a channel's capacity is not negative");
    capacity_[channel.index()] = capacity;
    for (std::uint32_t i = 0; i < flights_.size(); ++i) {
      const auto crosses = [channel](const ChannelUse& use) { return use.channel == channel; };
      if (!flights_[i].active || !std::ranges::any_of(flights_[i].path, crosses)) continue;
      accrue(flights_[i]);
      schedule(i);
    }
  }

  void watch(Rerouter* rerouter) override { steering_.watch(rerouter); }
  void reroute() override { steering_.reroute(); }

  void run() override {
    runner_.settle(now_);
    while (!queue_.empty()) {
      now_ = queue_.next();
      while (queue_.next() == now_) end(queue_.pop());
      runner_.settle(now_);
    }
    if (!runner_.idle()) reject_stalled();
  }

 private:
  static constexpr std::uint32_t no_flight = ~std::uint32_t{0};

  // A flow under way.
  struct Flight {
    RunningTask running;
    std::span<const ChannelUse> path;
    BytesPerSecond rate_limit, rate;
    Bytes remaining;
    Seconds updated;  // when `remaining` was right; the first byte's time while that lies ahead
    ChannelId bound;
    std::uint32_t version = 0;  // of its end in the queue that counts
    bool active = false;
  };
  struct Due {
    RunningTask running;
    std::uint32_t flight = no_flight, version = 0;
    bool steered = false;  // the latency of a flow that a rerouter watches is over
  };

  bool launch(RunningTask running, const TaskGraph& graph, const Task& task) override {
    if (task.kind != TaskKind::flow) {
      if (task.duration == Seconds{}) return true;
      queue_.push(now_ + task.duration, {running});
      return false;
    }
    const auto path = graph.channels(task.path);
    const bool moves = task.bytes > Bytes{} && (!path.empty() || task.rate_limit > BytesPerSecond{});
    if (!moves && task.duration == Seconds{}) return true;
    if (moves && steering_.active()) {
      steering_.launch(running, graph);
    } else {
      fly(running, path, task.bytes, task.duration);
    }
    return false;
  }

  std::uint32_t fly(RunningTask running, std::span<const ChannelUse> path, Bytes bytes, Seconds latency) {
    if (free_flights_.empty()) {
      free_flights_.push_back(static_cast<std::uint32_t>(flights_.size()));
      flights_.emplace_back();
    }
    const std::uint32_t index = free_flights_.back();
    free_flights_.pop_back();
    flights_[index] = {.running = running,
                       .path = path,
                       .rate_limit = runner_.graph(running).task(running.task).rate_limit,
                       .remaining = bytes,
                       .updated = now_ + latency,
                       .version = flights_[index].version,
                       .active = true};
    schedule(index);
    return index;
  }

  void wait(RunningTask flow, Seconds latency) override {
    queue_.push(now_ + latency, {.running = flow, .steered = true});
  }
  std::uint32_t carry(RunningTask flow, std::span<const ChannelUse> path, Bytes bytes) override {
    return fly(flow, path, bytes, {});
  }
  Bytes halt(RunningTask /*flow*/, std::uint32_t carried) override {
    accrue(flights_[carried]);
    flights_[carried].active = false;
    free_flights_.push_back(carried);
    return flights_[carried].remaining;
  }
  void drop(RunningTask flow) override { runner_.finish(flow); }

  void end(const Due& due) {
    if (due.steered) return steering_.after_latency(due.running);
    if (due.flight == no_flight) return runner_.finish(due.running);
    Flight& flight = flights_[due.flight];
    if (!flight.active || due.version != flight.version) return;
    flight.active = false;
    free_flights_.push_back(due.flight);
    if (steering_.active()) steering_.ended(flight.running);
    runner_.finish(flight.running, flight.bound);
  }

  void accrue(Flight& flight) const {
    if (now_ <= flight.updated) return;
    flight.remaining = std::max(Bytes{}, flight.remaining - flight.rate * (now_ - flight.updated));
    flight.updated = now_;
  }

  void schedule(std::uint32_t index) {
    Flight& flight = flights_[index];
    constexpr BytesPerSecond unlimited = BytesPerSecond::from_base(std::numeric_limits<double>::infinity());
    flight.rate = flight.rate_limit > BytesPerSecond{} ? flight.rate_limit : unlimited;
    flight.bound = {};
    for (const ChannelUse& use : flight.path) {
      ensure(use.channel.index() < capacity_.size(), "a flow's channels are in the fabric");
      const BytesPerSecond share = capacity_[use.channel.index()] * (1.0 / use.multiplicity);
      if (share < flight.rate) {
        flight.rate = share;
        flight.bound = use.channel;
      }
    }
    ++flight.version;
    const Seconds rest = flight.remaining > Bytes{} ? flight.remaining / flight.rate : Seconds{};
    if (flight.rate > BytesPerSecond{} || rest == Seconds{}) {
      queue_.push(flight.updated + rest, {flight.running, index, flight.version});
    }
  }

  [[noreturn]] void reject_stalled() const {
    std::vector<StalledFlow> flows;
    for (const Flight& flight : flights_) {
      if (!flight.active) continue;
      const TaskGraph& graph = runner_.graph(flight.running);
      flows.push_back(
          {graph.text(graph.task(flight.running.task).label), "channel " + std::to_string(flight.bound.index())});
    }
    for (const RunningTask running : steering_.held()) {
      const TaskGraph& graph = runner_.graph(running);
      flows.push_back({graph.text(graph.task(running.task).label), "its way"});
    }
    task::reject_stalled(flows);
  }

  std::vector<BytesPerSecond> capacity_;
  Seconds now_;
  TimerQueue<Due> queue_;
  std::vector<Flight> flights_;
  std::vector<std::uint32_t> free_flights_;
  TaskRunner runner_{*this};
  FlowSteering steering_{*this};
};

}  // namespace

std::unique_ptr<Executor> make_ideal_executor(std::vector<BytesPerSecond> channel_capacity) {
  return std::make_unique<IdealExecutor>(std::move(channel_capacity));
}

}  // namespace aifsim::task
