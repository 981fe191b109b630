#include "serving/channel_sharing.hpp"

#include <algorithm>
#include <utility>

namespace aifsim::serving {
namespace {

// Of a channel's capacity: movements are not told of smaller changes, which no measurement could tell either.
constexpr double least_change = 1.0 / 256;

}  // namespace

ChannelSharing::ChannelSharing(const topology::Fabric& fabric, task::Executor& clock,
                               std::function<void(std::uint32_t)> changed)
    : fabric_(fabric), clock_(clock), changed_(std::move(changed)) {}

ChannelSharing::Channel& ChannelSharing::channel_of(ChannelId channel) {
  const auto [entry, is_new] = channels_.try_emplace(channel);
  if (is_new) entry->second.now = capacity(channel);
  return entry->second;
}

void ChannelSharing::add_engine(const IterationPricer& pricer, std::vector<ChannelId> channels) {
  const auto number = static_cast<std::uint32_t>(engines_.size());
  engines_.push_back({.pricer = &pricer, .shared = {}, .loads = {}, .since = {}, .cause = {}});
  for (const ChannelId channel : channels) channel_of(channel).engines.push_back(number);
}

// Movements

bool ChannelSharing::concerns(std::span<const ChannelUse> path) const {
  return std::ranges::any_of(path, [this](const ChannelUse& use) {
    const auto found = channels_.find(use.channel);
    return found != channels_.end() && !found->second.engines.empty();
  });
}

// Anew, so that rounding does not add up.
void ChannelSharing::weigh(Channel& channel) const {
  channel.weight = 0;
  for (const auto& [movement, multiplicity] : channel.movements) channel.weight += multiplicity;
}

std::uint32_t ChannelSharing::began(std::span<const ChannelUse> path, BytesPerSecond rate_limit,
                                    const std::string& label) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(movements_.size()));
    movements_.emplace_back();
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  Movement& movement = movements_[number];
  movement.path.assign(path.begin(), path.end());
  movement.rate_limit = rate_limit;
  movement.label = &label;
  for (const ChannelUse& use : path) {
    Channel& channel = channel_of(use.channel);
    for (const std::uint32_t engine : channel.engines) {
      if (channel.movements.empty()) engines_[engine].shared.push_back(use.channel);
    }
    channel.movements.emplace_back(number, use.multiplicity);
    weigh(channel);
  }
  change(path);
  return number;
}

void ChannelSharing::ended(std::uint32_t number) {
  const std::vector<ChannelUse> path = std::move(movements_[number].path);
  movements_[number].path = path;
  change(path);
  for (const ChannelUse& use : path) {
    Channel& channel = channel_of(use.channel);
    std::erase_if(channel.movements, [number](const auto& entry) { return entry.first == number; });
    weigh(channel);
    if (!channel.movements.empty()) continue;
    for (const std::uint32_t engine : channel.engines) std::erase(engines_[engine].shared, use.channel);
  }
  free_.push_back(number);
}

// Also those beside it have another rate from now on, and so have engines on their other channels.
void ChannelSharing::change(std::span<const ChannelUse> path) {
  ++changes_;
  for (const ChannelUse& use : path) {
    const Channel& channel = at(use.channel);
    if (!channel.engines.empty()) touched_.push_back(use.channel);
    for (const auto& [number, multiplicity] : channel.movements) {
      Movement& movement = movements_[number];
      if (std::exchange(movement.seen, changes_) == changes_) continue;
      for (const ChannelUse& other : movement.path) {
        for (const std::uint32_t engine : at(other.channel).engines) {
          if (!std::exchange(engines_[engine].dirty, true)) dirty_.push_back(engine);
        }
      }
    }
  }
  // This is told by a recorder, which only watches: replicas act when it is done.
  if (!std::exchange(due_, true)) clock_.at(clock_.now(), [this] { apply(); });
}

void ChannelSharing::apply() {
  due_ = false;
  std::vector<std::uint32_t> dirty;
  dirty.swap(dirty_);
  std::ranges::sort(dirty);
  for (const std::uint32_t engine : dirty) {
    engines_[engine].dirty = false;
    changed_(engine);
  }
  std::vector<ChannelId> touched;
  touched.swap(touched_);
  for (const ChannelId channel : touched) leave_to_movements(channel);
}

// What the exchanges take from it, on average, and never more than their fair share while all are on.
void ChannelSharing::leave_to_movements(ChannelId id) {
  const Channel& channel = at(id);
  const BytesPerSecond whole = capacity(id);
  if (channel.movements.empty()) return set(id, whole);
  BytesPerSecond taken;
  double others = 0;
  for (const std::uint32_t engine : channel.engines) {
    const auto load = std::ranges::find(engines_[engine].loads, id, &Load::channel);
    if (load == engines_[engine].loads.end()) continue;
    taken += load->rate;
    others += load->multiplicity;
  }
  const BytesPerSecond left = std::max(whole - taken, whole * (channel.weight / (channel.weight + others)));
  const BytesPerSecond difference = std::max(left, channel.now) - std::min(left, channel.now);
  if (left < whole && difference < whole * least_change) return;
  set(id, left);
}

void ChannelSharing::set(ChannelId id, BytesPerSecond capacity) {
  Channel& channel = channel_of(id);
  if (channel.now == capacity) return;
  channel.now = capacity;
  clock_.set_capacity(id, capacity);
}

}  // namespace aifsim::serving
