#include "engine/simgrid_executor.hpp"

#include <algorithm>
#include <utility>

#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u/Engine.hpp>

#include "base/error.hpp"
#include "engine/compute_hosts.hpp"
#include "engine/fluid_network.hpp"
#include "engine/simgrid_network.hpp"
#include "task/flow_steering.hpp"
#include "task/stalled.hpp"
#include "task/task_runner.hpp"
#include "task/timer_queue.hpp"

namespace aifsim::engine {
namespace {

class SimgridExecutor final : public task::Executor,
                              private task::TaskRunner::Launcher,
                              private task::FlowSteering::Carrier {
 public:
  SimgridExecutor(const topology::Fabric& fabric, NetworkKind network);
  ~SimgridExecutor() override;
  SimgridExecutor(const SimgridExecutor&) = delete;
  SimgridExecutor& operator=(const SimgridExecutor&) = delete;

  [[nodiscard]] Seconds now() const override;
  [[nodiscard]] Counters counters() const override { return runner_.counters(); }
  void at(Seconds when, std::function<void()> callback) override;
  void submit(const task::TaskGraph& graph, task::Recorder& recorder, std::function<void()> done) override;
  void set_capacity(ChannelId channel, BytesPerSecond capacity) override;
  void watch(task::Rerouter* rerouter) override { steering_.watch(rerouter); }
  void reroute() override { steering_.reroute(); }
  void run() override;

 private:
  class Clock;

  double next_event(double now);
  void advance(double now);
  bool launch(task::RunningTask running, const task::TaskGraph& graph, const task::Task& task) override;
  bool move_bytes(task::RunningTask running, const task::TaskGraph& graph, const task::Task& task);
  void wait(task::RunningTask flow, Seconds latency) override { timers_.push(now() + latency, {flow, true}); }
  std::uint32_t carry(task::RunningTask flow, std::span<const ChannelUse> path, Bytes bytes) override;
  Bytes halt(task::RunningTask flow, std::uint32_t carried) override;
  void drop(task::RunningTask flow) override { runner_.finish(flow); }
  [[nodiscard]] const task::Task& task_of(task::RunningTask running) const {
    return runner_.graph(running).task(running.task);
  }
  void flow_ended(task::RunningTask running, ChannelId bound);
  struct Timer {
    task::RunningTask running;
    bool steered = false;  // the latency of a flow that a rerouter watches
  };
  void timer_ended(Timer timer);

  [[noreturn]] void reject_stalled() const;

  const topology::Fabric& fabric_;
  std::shared_ptr<Clock> clock_;  // SimGrid keeps it when we are gone
  std::unique_ptr<FlowNetwork> network_;
  std::unique_ptr<ComputeHosts> hosts_;
  task::TimerQueue<Timer> timers_;
  task::TaskRunner runner_{*this};
  task::FlowSteering steering_{*this};
};

// Our place in SimGrid's main loop, which asks every model when its next event is, moves the clock to the earliest,
// tells every model, and then reports ended activities. As the first model we act on what has ended before the others
// are asked.
class SimgridExecutor::Clock final : public simgrid::kernel::resource::Model {
 public:
  explicit Clock(SimgridExecutor* executor) : Model("aifsim"), executor_(executor) {}
  void detach() { executor_ = nullptr; }

  double next_occurring_event(double now) override {
    if (executor_ == nullptr) return -1.0;
    const double next = executor_->next_event(now);
    return next == never ? -1.0 : std::max(0.0, next - now);
  }
  void update_actions_state(double now, double /*delta*/) override {
    if (executor_ != nullptr) executor_->advance(now);
  }

 private:
  SimgridExecutor* executor_;
};

std::vector<double> capacities(const topology::Fabric& fabric) {
  std::vector<double> all;
  all.reserve(fabric.channels().size());
  for (const topology::Channel& channel : fabric.channels()) all.push_back(channel.capacity.base());
  return all;
}

bool moves(const task::TaskGraph& graph, const task::Task& task) {
  return task.bytes > Bytes{} && (!graph.channels(task.path).empty() || task.rate_limit > BytesPerSecond{});
}

SimgridExecutor::SimgridExecutor(const topology::Fabric& fabric, NetworkKind network)
    : fabric_(fabric), clock_(std::make_shared<Clock>(this)) {
  open_session(clock_);
  hosts_ = std::make_unique<ComputeHosts>(fabric, [this](task::RunningTask running) { runner_.finish(running); });
  const auto flow_end = [this](task::RunningTask running, ChannelId bound) { flow_ended(running, bound); };
  if (network == NetworkKind::fluid) {
    network_ = std::make_unique<FluidNetwork>(capacities(fabric), flow_end);
  } else {
    network_ = std::make_unique<SimgridNetwork>(capacities(fabric), flow_end);
  }
}

SimgridExecutor::~SimgridExecutor() { clock_->detach(); }

Seconds SimgridExecutor::now() const { return Seconds::from_base(simgrid::s4u::Engine::get_clock()); }

void SimgridExecutor::at(Seconds when, std::function<void()> callback) {
  ensure(when >= now(), "a callback is not before now");
  timers_.push(when, {runner_.add_callback(std::move(callback))});
}

void SimgridExecutor::submit(const task::TaskGraph& graph, task::Recorder& recorder, std::function<void()> done) {
  runner_.submit(graph, recorder, std::move(done));
}

void SimgridExecutor::run() {
  run_session();
  if (!runner_.idle()) reject_stalled();
}

void SimgridExecutor::set_capacity(ChannelId channel, BytesPerSecond capacity) {
  ensure(capacity >= BytesPerSecond{}, "a channel's capacity is not negative");
  network_->set_capacity(channel, capacity.base(), now().base());
}

void SimgridExecutor::reject_stalled() const {
  std::vector<task::StalledFlow> flows;
  for (const auto& [running, channel] : network_->stalled()) {
    const task::TaskGraph& graph = runner_.graph(running);
    flows.push_back({graph.text(graph.task(running.task).label), fabric_.name(channel)});
  }
  for (const task::RunningTask running : steering_.held()) {
    flows.push_back({runner_.graph(running).text(task_of(running).label), "its way"});
  }
  ensure(!flows.empty(), "every submitted task ends");
  task::reject_stalled(flows);
}

double SimgridExecutor::next_event(double now) {
  hosts_->clear_ended();
  runner_.settle(Seconds::from_base(now));
  return std::min(timers_.next().base(), network_->next_end(now));
}

void SimgridExecutor::advance(double now) {
  while (timers_.next().base() <= now) timer_ended(timers_.pop());
  network_->advance(now);
}

bool SimgridExecutor::launch(task::RunningTask running, const task::TaskGraph& graph, const task::Task& task) {
  if (task.kind == task::TaskKind::flow && steering_.active() && moves(graph, task)) {
    steering_.launch(running, graph);
    return false;
  }
  if (task.kind == task::TaskKind::flow && task.duration == Seconds{}) return move_bytes(running, graph, task);
  if (task.duration == Seconds{}) return true;
  if (task.kind == task::TaskKind::compute) {
    hosts_->start(running, task.device, task.duration.base());
  } else {
    timers_.push(now() + task.duration, {running});
  }
  return false;
}

bool SimgridExecutor::move_bytes(task::RunningTask running, const task::TaskGraph& graph, const task::Task& task) {
  if (!moves(graph, task)) return true;
  (void)carry(running, graph.channels(task.path), task.bytes);
  return false;
}

std::uint32_t SimgridExecutor::carry(task::RunningTask flow, std::span<const ChannelUse> path, Bytes bytes) {
  const task::Task& task = task_of(flow);
  if (task.steal > 0.0 && task.device.valid()) hosts_->begin_steal(task.device, task.steal);
  return network_->start({flow, path, bytes.base(), task.rate_limit.base()}, now().base());
}

Bytes SimgridExecutor::halt(task::RunningTask flow, std::uint32_t carried) {
  const task::Task& task = task_of(flow);
  if (task.steal > 0.0 && task.device.valid()) hosts_->end_steal(task.device, task.steal);
  return Bytes::from_base(network_->stop(carried, now().base()));
}

void SimgridExecutor::flow_ended(task::RunningTask running, ChannelId bound) {
  if (steering_.active()) steering_.ended(running);
  const task::Task& task = task_of(running);
  if (task.steal > 0.0 && task.device.valid()) hosts_->end_steal(task.device, task.steal);
  runner_.finish(running, bound);
}

// A delay or callback is over; a flow's latency is, and its bytes follow.
void SimgridExecutor::timer_ended(Timer timer) {
  const task::RunningTask running = timer.running;
  if (timer.steered) return steering_.after_latency(running);
  if (running.task.valid()) {
    const task::TaskGraph& graph = runner_.graph(running);
    const task::Task& task = graph.task(running.task);
    if (task.kind == task::TaskKind::flow && !move_bytes(running, graph, task)) return;
  }
  runner_.finish(running);
}

}  // namespace

std::unique_ptr<task::Executor> make_simgrid_executor(const topology::Fabric& fabric, NetworkKind network) {
  return std::make_unique<SimgridExecutor>(fabric, network);
}

}  // namespace aifsim::engine
