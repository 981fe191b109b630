#include "engine/fluid_network.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"

namespace aifsim::engine {
namespace {

// Ends this close (relative to the clock) are one instant: rates that differ in the last bits only.
constexpr double same_instant = 4e-16;

}  // namespace

FluidNetwork::FluidNetwork(std::vector<double> channel_capacity, FlowEnd flow_end)
    : capacity_(std::move(channel_capacity)), local_(capacity_.size(), none), flow_end_(std::move(flow_end)) {}

std::uint32_t FluidNetwork::start(const Flow& flow, double now) {
  if (free_flows_.empty()) {
    free_flows_.push_back(static_cast<Index>(flows_.size()));
    flows_.emplace_back();
  }
  const Index index = free_flows_.back();
  free_flows_.pop_back();
  FlowState& state = flows_[index];
  state = FlowState{};
  state.path = flow.path;
  state.remaining = flow.bytes;
  state.rate_limit = flow.rate_limit;
  state.updated = now;
  state.task = flow.task;
  state.active = true;
  ++active_;
  link(index);
  touched_flows_.push_back(index);
  return index;
}

double FluidNetwork::stop(std::uint32_t number, double now) {
  accrue(flows_[number], now);
  take_out(number);
  return flows_[number].remaining;
}

double FluidNetwork::next_end(double now) {
  if (!touched_channels_.empty() || !changed_channels_.empty() || !touched_flows_.empty()) solve(now);
  return ends_.empty() ? never : ends_.next();
}

void FluidNetwork::advance(double now) {
  const double due = now + now * same_instant;
  while (!ends_.empty() && ends_.next() <= due) end(ends_.first(), now);
}

void FluidNetwork::set_capacity(ChannelId channel, double capacity, double /*now*/) {
  ensure(channel.index() < local_.size(), "a channel that changes is in the fabric");
  capacity_[channel.index()] = capacity;
  const Index local = local_[channel.index()];
  if (local == none) return;
  channels_[local].capacity = capacity;
  changed_channels_.push_back(local);
}

std::vector<FlowNetwork::Stalled> FluidNetwork::stalled() const {
  std::vector<Stalled> all;
  for (const FlowState& flow : flows_) {
    if (!flow.active || flow.rate > 0.0 || flow.bound == none) continue;
    all.push_back({flow.task, flow.path[flow.bound - flow.first_use].channel});
  }
  return all;
}

void FluidNetwork::end(Index index, double now) {
  FlowState& flow = flows_[index];
  accrue(flow, now);
  const ChannelId bound = longest_bound(flow);
  take_out(index);
  flow_end_(flow.task, bound);
}

void FluidNetwork::take_out(Index index) {
  FlowState& flow = flows_[index];
  unlink(index);
  for (std::size_t i = 0; i < flow.path.size(); ++i) {
    touched_channels_.push_back(uses_[flow.first_use + i].channel);
  }
  if (!flow.path.empty()) free_uses_[flow.path.size()].push_back(flow.first_use);
  ends_.erase(index);
  flow.active = false;
  --active_;
  free_flows_.push_back(index);
}

// Brings the flow's bytes, and the times for which each channel bound it, up to `now`.
void FluidNetwork::accrue(FlowState& flow, double now) {
  const double elapsed = now - flow.updated;
  flow.updated = now;
  flow.remaining = std::max(0.0, flow.remaining - flow.rate * elapsed);
  (flow.bound == none ? flow.own_limit_time : uses_[flow.bound].bound_time) += elapsed;
}

ChannelId FluidNetwork::longest_bound(const FlowState& flow) const {
  ChannelId bound;
  double longest = flow.own_limit_time;
  for (std::size_t i = 0; i < flow.path.size(); ++i) {
    const double time = uses_[flow.first_use + i].bound_time;
    if (time > longest) {
      longest = time;
      bound = flow.path[i].channel;
    }
  }
  return bound;
}

FluidNetwork::Index FluidNetwork::local_channel(ChannelId channel) {
  ensure(channel.index() < local_.size(), "a flow's channels are in the fabric");
  Index& local = local_[channel.index()];
  if (local == none) {
    local = static_cast<Index>(channels_.size());
    channels_.push_back({.capacity = capacity_[channel.index()]});
  }
  return local;
}

FluidNetwork::Index FluidNetwork::take_uses(std::size_t count) {
  if (free_uses_.size() <= count) free_uses_.resize(count + 1);
  if (!free_uses_[count].empty()) {
    const Index first = free_uses_[count].back();
    free_uses_[count].pop_back();
    return first;
  }
  const Index first = static_cast<Index>(uses_.size());
  uses_.resize(uses_.size() + count);
  return first;
}

void FluidNetwork::link(Index index) {
  FlowState& flow = flows_[index];
  if (flow.path.empty()) return;
  flow.first_use = take_uses(flow.path.size());
  Index use = flow.first_use;
  for (const ChannelUse& step : flow.path) {
    const Index local = local_channel(step.channel);
    ChannelState& channel = channels_[local];
    uses_[use] = {.flow = index, .channel = local, .next = channel.first_use, .multiplicity = step.multiplicity};
    if (channel.first_use != none) uses_[channel.first_use].previous = use;
    channel.first_use = use++;
  }
}

void FluidNetwork::unlink(Index index) {
  const FlowState& flow = flows_[index];
  if (flow.bound != none) --channels_[uses_[flow.bound].channel].bound_count;
  for (std::size_t i = 0; i < flow.path.size(); ++i) {
    const Use& use = uses_[flow.first_use + i];
    (use.previous == none ? channels_[use.channel].first_use : uses_[use.previous].next) = use.next;
    if (use.next != none) uses_[use.next].previous = use.previous;
  }
}

std::vector<FluidNetwork::Allocation> FluidNetwork::allocations() const {
  std::vector<Allocation> all;
  for (const FlowState& flow : flows_) {
    if (flow.active) all.push_back({flow.path, flow.rate, flow.rate_limit});
  }
  return all;
}

}  // namespace aifsim::engine
