// Which flows are filled anew after a change, until every channel's check holds. See fluid_network.hpp.
#include <utility>

#include "engine/fluid_network.hpp"

namespace aifsim::engine {
namespace {

// Differences of rates and of fullness below this are rounding: far below what shows in a time (1e-6 is promised).
constexpr double rounding = 1e-11;
// Beyond this share of all flows, or this many repetitions, filling everything is cheaper than finding out.
constexpr double most_of_all = 0.5;
constexpr int most_repetitions = 24;

}  // namespace

void FluidNetwork::solve(double now) {
  begin_solve();
  for (int repetitions = 0;; ++repetitions) {
    if (repetitions == most_repetitions ||
        static_cast<double>(moving_.size()) > most_of_all * static_cast<double>(active_)) {
      move_everything();
    }
    fill();
    if (moving_.size() == active_ || !widen()) break;
  }
  apply(now);
  touched_channels_.clear();
  changed_channels_.clear();
  touched_flows_.clear();
}

void FluidNetwork::begin_solve() {
  ++epoch_;
  moving_.clear();
  region_.clear();
  spread_ = 0;
  for (const Index flow : touched_flows_) {
    if (flows_[flow].active) move(flow);
  }
  for (const Index channel : changed_channels_) move_all_of(channel);
  for (const Index channel : touched_channels_) move_bound_of(channel);
  spread();
}

void FluidNetwork::move(Index index) {
  FlowState& flow = flows_[index];
  if (std::exchange(flow.moving, epoch_) == epoch_) return;
  moving_.push_back(index);
  for (std::size_t i = 0; i < flow.path.size(); ++i) {
    const Index channel = uses_[flow.first_use + i].channel;
    if (std::exchange(channels_[channel].entered, epoch_) != epoch_) region_.push_back(channel);
  }
}

void FluidNetwork::move_all_of(Index channel) {
  for (Index use = channels_[channel].first_use; use != none; use = uses_[use].next) move(uses_[use].flow);
}

void FluidNetwork::move_bound_of(Index channel) {
  if (channels_[channel].bound_count == 0) return;
  for (Index use = channels_[channel].first_use; use != none; use = uses_[use].next) {
    if (flows_[uses_[use].flow].bound == use) move(uses_[use].flow);
  }
}

void FluidNetwork::move_faster_than(Index channel, double rate) {
  for (Index use = channels_[channel].first_use; use != none; use = uses_[use].next) {
    if (flows_[uses_[use].flow].rate > rate) move(uses_[use].flow);
  }
}

// A flow that moves changes what is left for those that its full channels bind.
void FluidNetwork::spread() {
  for (; spread_ < region_.size(); ++spread_) move_bound_of(region_[spread_]);
}

void FluidNetwork::move_everything() {
  for (Index flow = 0; flow < flows_.size(); ++flow) {
    if (flows_[flow].active) move(flow);
  }
}

// Moves flows whose channels' checks fail; false if there are none.
bool FluidNetwork::widen() {
  const std::size_t moving = moving_.size();
  const std::size_t channels = region_.size();
  for (std::size_t i = 0; i < channels; ++i) {
    const Index index = region_[i];
    const ChannelState& channel = channels_[index];
    const bool kept_could_be_faster =
        channel.kept_bound >= 0.0 &&
        (channel.free > rounding * channel.capacity || channel.top > channel.kept_bound * (1.0 + rounding));
    const bool kept_is_too_fast = channel.binds && channel.kept_top > channel.top * (1.0 + rounding);
    if (!kept_could_be_faster && !kept_is_too_fast) continue;
    if (channel.kept_bound >= 0.0) {
      move_bound_of(index);
    } else {
      move_faster_than(index, channel.top);
    }
  }
  if (moving_.size() == moving) return false;
  spread();
  return true;
}

void FluidNetwork::apply(double now) {
  for (const Index index : moving_) {
    FlowState& flow = flows_[index];
    if (flow.new_rate == flow.rate && flow.new_bound == flow.bound) continue;
    accrue(flow, now);
    if (flow.bound != none) --channels_[uses_[flow.bound].channel].bound_count;
    if (flow.new_bound != none) ++channels_[uses_[flow.new_bound].channel].bound_count;
    flow.bound = flow.new_bound;
    if (flow.new_rate == flow.rate) continue;
    flow.rate = flow.new_rate;
    if (flow.rate > 0.0) {
      ends_.set(index, now + flow.remaining / flow.rate);
    } else {
      ends_.erase(index);
    }
  }
}

}  // namespace aifsim::engine
