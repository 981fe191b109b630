#include "study/fault_watch.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "task/flow_steering.hpp"

namespace aifsim::study {
namespace {

std::vector<ChannelId> only_in(std::span<const ChannelUse> path, std::span<const ChannelUse> other) {
  std::vector<ChannelId> list;
  for (const ChannelUse& use : path) {
    const auto same = [&](const ChannelUse& known) { return known.channel == use.channel; };
    if (std::ranges::none_of(other, same)) list.push_back(use.channel);
  }
  return list;
}

}  // namespace

FaultWatch::FaultWatch(const hardware::Platform& platform, const topology::Topology& start,
                       const std::vector<topology::NetworkChange>& changes, Ways& ways, task::Executor& executor,
                       Member member, Loss loss)
    : platform_(platform),
      start_(start),
      changes_(changes),
      ways_(ways),
      executor_(executor),
      member_(std::move(member)),
      loss_(std::move(loss)),
      down_(start.fabric.channels().size(), false),
      effects_(changes.size()) {
  for (const topology::Channel& channel : start.fabric.channels()) capacity_.push_back(channel.capacity);
}

void FaultWatch::begin(Seconds now) {
  offset_ = executor_.now() - now;
  active_ = true;
  base_ = settled_;
  executor_.watch(this);
  if (pending_) schedule_knowledge();
  schedule_change();
}

void FaultWatch::end() {
  active_ = false;
  executor_.watch(nullptr);
}

void FaultWatch::settle() {
  pending_ = false;
  settled_ = state_;
  follow_network();
}

void FaultWatch::schedule_change() {
  if (state_ == changes_.size()) return;
  executor_.at(std::max(executor_.now(), changes_[state_].at + offset_), [this] {
    if (active_) change();
  });
}

void FaultWatch::schedule_knowledge() {
  executor_.at(std::max(executor_.now(), known_at_ + offset_), [this, due = known_at_] {
    if (!active_ || !pending_ || due != known_at_) return;
    settle();
    executor_.reroute();
  });
}

void FaultWatch::change() {
  const topology::NetworkChange& change = changes_[state_++];
  fail_with_gpus(change);
  follow_network();
  for (const ChannelId channel : change.died) {
    down_[channel.index()] = true;
    capacity_[channel.index()] = {};
    executor_.set_capacity(channel, {});
  }
  if (!change.died.empty()) {
    const hardware::ScaleOut& network = platform_.scale_out;
    pending_ = true;
    known_at_ = change.at + (change.cuts_nics_off ? network.nic_failover : network.fault_detection);
    schedule_knowledge();
  }
  if (!pending_) settled_ = state_;
  executor_.reroute();
  schedule_change();
}

void FaultWatch::fail_with_gpus(const topology::NetworkChange& change) const {
  for (const std::size_t index : change.struck) {
    const hardware::Fault& fault = platform_.faults[index];
    const DeviceId part = start_.fabric.find(fault.part);
    const bool gpu = part.valid() && start_.fabric.device(part).kind == topology::DeviceKind::gpu;
    if (gpu && fault.factor <= 0 && member_(part)) {
      throw JobFailure{.at = change.at, .change = state_ - 1, .why = "a rank of the job ran on it"};
    }
  }
}

void FaultWatch::follow_network() {
  const topology::Topology& now = network();
  ways_.forget();
  for (std::size_t i = 0; i < down_.size(); ++i) {
    const ChannelId channel{i};
    down_[i] = !now.alive(channel);
    const BytesPerSecond capacity = down_[i] ? BytesPerSecond{} : now.fabric.channel(channel).capacity;
    if (capacity != capacity_[i]) executor_.set_capacity(channel, capacity);
    capacity_[i] = capacity;
  }
}

task::Rerouter::Way FaultWatch::first_way(const task::TaskGraph& graph, TaskId flow) {
  const task::Task& task = graph.task(flow);
  if (pending_ && ways_.crosses(settled_, task.path, down_)) return wait(settled_);
  return take_settled(graph, flow, task.duration);
}

task::Rerouter::Way FaultWatch::next_way(const task::TaskGraph& graph, TaskId flow, std::uint32_t version) {
  const PathId path = graph.task(flow).path;
  if (!ways_.crosses(version, path, down_)) return {.version = version, .path = ways_.way(version, path).path};
  return pending_ ? wait(version) : take_settled(graph, flow, std::nullopt);
}

task::Rerouter::Way FaultWatch::wait(std::size_t version) {
  ++effects_[state_ - 1].waited;
  return {.version = static_cast<std::uint32_t>(version), .path = {}, .latency = {}, .open = false};
}

task::Rerouter::Way FaultWatch::take_settled(const task::TaskGraph& graph, TaskId flow,
                                             std::optional<Seconds> latency) {
  const PathId path = graph.task(flow).path;
  if (settled_ == base_) {
    const std::span<const ChannelUse> own = graph.channels(path);
    return {.version = static_cast<std::uint32_t>(base_), .path = own, .latency = latency.value_or(Seconds{})};
  }
  Ways::Way way;
  try {
    way = ways_.way(settled_, path);
  } catch (const ConfigError& error) {
    return give_up(graph, flow, error.what());
  }
  if (ways_.crosses(settled_, path, down_))
    return give_up(graph, flow, "every way of its algorithm crosses what is dead");
  if (ways_.crosses(base_, path, down_)) note_detour(graph, flow, way.path);
  return {.version = static_cast<std::uint32_t>(settled_), .path = way.path, .latency = latency.value_or(way.latency)};
}

void FaultWatch::note_detour(const task::TaskGraph& graph, TaskId flow, std::span<const ChannelUse> taken) {
  FaultEffect& effect = effects_[state_ - 1];
  if (effect.rerouted++ > 0) return;
  const std::span<const ChannelUse> own = graph.channels(graph.task(flow).path);
  effect.flow = graph.text(graph.task(flow).label);
  effect.left = only_in(own, taken);
  effect.taken = only_in(taken, own);
}

FaultWatch::Way FaultWatch::give_up(const task::TaskGraph& graph, TaskId flow, const std::string& why) const {
  if (loss_) {
    loss_(graph, flow, why);
    return {.version = task::lost_way, .path = {}, .latency = {}};
  }
  throw JobFailure{.at = executor_.now() - offset_,
                   .change = state_ - 1,
                   .why = "flow " + graph.text(graph.task(flow).label) + ", " +
                          std::string(topology::name_of(platform_.scale_out.routing)) + " routing: " + why};
}

}  // namespace aifsim::study
