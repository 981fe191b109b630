// Progressive filling over what a start or an end touched. See fluid_network.hpp.
#include <algorithm>
#include <utility>

#include "engine/fluid_network.hpp"

namespace aifsim::engine {

void FluidNetwork::solve(double now) {
  collect_component();
  fill();
  apply(now);
  touched_channels_.clear();
  touched_flows_.clear();
}

void FluidNetwork::collect_component() {
  ++epoch_;
  component_channels_.clear();
  component_flows_.clear();
  for (const Index flow : touched_flows_) {
    if (flows_[flow].active) visit(flow);
  }
  for (const Index channel : touched_channels_) {
    if (std::exchange(channels_[channel].visited, epoch_) != epoch_) component_channels_.push_back(channel);
  }
  for (std::size_t i = 0; i < component_channels_.size(); ++i) {
    for (Index use = channels_[component_channels_[i]].first_use; use != none; use = uses_[use].next) {
      visit(uses_[use].flow);
    }
  }
}

void FluidNetwork::visit(Index index) {
  FlowState& flow = flows_[index];
  if (std::exchange(flow.visited, epoch_) == epoch_) return;
  component_flows_.push_back(index);
  for (std::size_t i = 0; i < flow.path.size(); ++i) {
    const Index channel = uses_[flow.first_use + i].channel;
    if (std::exchange(channels_[channel].visited, epoch_) != epoch_) component_channels_.push_back(channel);
  }
}

void FluidNetwork::fill() {
  prepare_channels();
  water_level_ = 0.0;
  std::size_t rising = component_flows_.size();
  std::size_t next_limited = 0;
  while (rising > 0) {
    while (next_limited < limited_.size() && flows_[limited_[next_limited]].fixed) ++next_limited;
    const Level level = next_level();
    if (next_limited < limited_.size() && flows_[limited_[next_limited]].rate_limit <= level.share) {
      const Index flow = limited_[next_limited++];
      fix(flow, flows_[flow].rate_limit, none);
      --rising;
    } else if (level.channel != none) {
      saturate(level, rising);
    } else {
      break;  // a flow without channels or limit never gets here: the executor ends it at once
    }
  }
}

void FluidNetwork::prepare_channels() {
  limited_.clear();
  for (const Index index : component_flows_) {
    flows_[index].fixed = false;
    if (flows_[index].rate_limit > 0.0) limited_.push_back(index);
  }
  std::sort(limited_.begin(), limited_.end(), [this](Index a, Index b) {
    return flows_[a].rate_limit != flows_[b].rate_limit ? flows_[a].rate_limit < flows_[b].rate_limit : a < b;
  });
  levels_.clear();
  for (const Index index : component_channels_) {
    ChannelState& channel = channels_[index];
    channel.free = channel.capacity;
    channel.load = 0.0;
    channel.rising = 0;
    for (Index use = channel.first_use; use != none; use = uses_[use].next) {
      channel.load += uses_[use].multiplicity;
      ++channel.rising;
    }
    if (channel.rising > 0) levels_.push_back({channel.free / channel.load, index});
  }
  std::make_heap(levels_.begin(), levels_.end());
}

// The channel that fills first. Shares only grow while filling, so an entry that is out of date goes back further down.
FluidNetwork::Level FluidNetwork::next_level() {
  while (!levels_.empty()) {
    const Level lowest = levels_.front();
    const ChannelState& channel = channels_[lowest.channel];
    const double share = channel.rising > 0 ? std::max(water_level_, channel.free / channel.load) : never;
    if (share <= lowest.share) return {share, lowest.channel};
    std::pop_heap(levels_.begin(), levels_.end());
    levels_.pop_back();
    if (channel.rising == 0) continue;
    levels_.push_back({share, lowest.channel});
    std::push_heap(levels_.begin(), levels_.end());
  }
  return {never, none};
}

void FluidNetwork::saturate(Level level, std::size_t& rising) {
  for (Index use = channels_[level.channel].first_use; use != none; use = uses_[use].next) {
    if (flows_[uses_[use].flow].fixed) continue;
    fix(uses_[use].flow, level.share, use);
    --rising;
  }
}

void FluidNetwork::fix(Index index, double rate, Index bound) {
  FlowState& flow = flows_[index];
  water_level_ = rate;
  flow.fixed = true;
  flow.new_rate = rate;
  flow.new_bound = bound;
  for (std::size_t i = 0; i < flow.path.size(); ++i) {
    const Use& use = uses_[flow.first_use + i];
    ChannelState& channel = channels_[use.channel];
    channel.free -= use.multiplicity * rate;
    channel.load -= use.multiplicity;
    --channel.rising;
  }
}

void FluidNetwork::apply(double now) {
  for (const Index index : component_flows_) {
    FlowState& flow = flows_[index];
    if (flow.new_rate == flow.rate && flow.new_bound == flow.bound) continue;
    accrue(flow, now);
    flow.bound = flow.new_bound;
    if (flow.new_rate == flow.rate) continue;
    flow.rate = flow.new_rate;
    ++flow.generation;
    ends_.push_back({now + flow.remaining / flow.rate, index, flow.generation});
    std::push_heap(ends_.begin(), ends_.end());
  }
  // Stale entries are dropped together once they are most of the heap.
  if (ends_.size() < 64 || ends_.size() < 4 * active_) return;
  std::erase_if(ends_, [this](const End& end) { return end.generation != flows_[end.flow].generation; });
  std::make_heap(ends_.begin(), ends_.end());
}

}  // namespace aifsim::engine
