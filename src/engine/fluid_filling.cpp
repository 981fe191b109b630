// Progressive filling of the moving flows beside those that keep their rates. See fluid_network.hpp.
#include <algorithm>

#include "engine/fluid_network.hpp"

namespace aifsim::engine {

void FluidNetwork::fill() {
  prepare_limits();
  prepare_channels();
  water_level_ = 0.0;
  std::size_t rising = moving_.size();
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

void FluidNetwork::prepare_limits() {
  limited_.clear();
  for (const Index index : moving_) {
    flows_[index].fixed = false;
    if (flows_[index].rate_limit > 0.0) limited_.push_back(index);
  }
  std::sort(limited_.begin(), limited_.end(), [this](Index a, Index b) {
    return flows_[a].rate_limit != flows_[b].rate_limit ? flows_[a].rate_limit < flows_[b].rate_limit : a < b;
  });
}

void FluidNetwork::prepare_channels() {
  levels_.clear();
  for (const Index index : region_) {
    prepare(index);
    const ChannelState& channel = channels_[index];
    if (channel.rising > 0) levels_.push_back({channel.free / channel.load, index});
  }
  std::make_heap(levels_.begin(), levels_.end());
}

void FluidNetwork::prepare(Index index) {
  ChannelState& channel = channels_[index];
  channel.load = channel.top = channel.kept_top = 0.0;
  channel.kept_bound = -1.0;
  channel.rising = 0;
  channel.binds = false;
  double kept = 0.0;
  for (Index i = channel.first_use; i != none; i = uses_[i].next) {
    const Use& use = uses_[i];
    const FlowState& flow = flows_[use.flow];
    if (flow.moving == epoch_) {
      channel.load += use.multiplicity;
      ++channel.rising;
    } else {
      kept += use.multiplicity * flow.rate;
      channel.kept_top = std::max(channel.kept_top, flow.rate);
      if (flow.bound == i) channel.kept_bound = std::max(channel.kept_bound, flow.rate);
    }
  }
  channel.free = std::max(0.0, channel.capacity - kept);
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
  channels_[level.channel].binds = true;
  for (Index use = channels_[level.channel].first_use; use != none; use = uses_[use].next) {
    const FlowState& flow = flows_[uses_[use].flow];
    if (flow.fixed || flow.moving != epoch_) continue;
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
    channel.top = rate;
    --channel.rising;
  }
}

}  // namespace aifsim::engine
