#include "collective/traffic.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace aifsim::collective {

Traffic::Traffic(const topology::Topology& topology)
    : topology_(&topology), load_(topology.fabric.channels().size(), 0.0) {}

void Traffic::send_for(DeviceId owner, DeviceId source, DeviceId destination, double bytes) {
  if (senders_.empty() || senders_.back().owner != owner) {
    senders_.push_back({.owner = owner, .first = uses_.size()});
  }
  senders_.back().bytes += bytes;
  scratch_.clear();
  // The pair names the flow, so that the path under ECMP does not hang on the order of ranks.
  const std::uint64_t flow = (std::uint64_t{source.index()} << 32U) | destination.index();
  topology_->routing->append_path(source, destination, flow, scratch_);
  for (const ChannelUse& use : scratch_) {
    uses_.push_back({use.channel, use.multiplicity * bytes});
    load_[use.channel.index()] += use.multiplicity * bytes;
  }
}

std::size_t Traffic::end_of(std::size_t sender) const {
  return sender + 1 < senders_.size() ? senders_[sender + 1].first : uses_.size();
}

Seconds Traffic::busiest(std::size_t sender) const {
  Seconds most;
  for (std::size_t i = senders_[sender].first; i < end_of(sender); ++i) {
    const ChannelId channel = uses_[i].channel;
    most = std::max(most, load_[channel.index()] * units::B / topology_->fabric.channel(channel).capacity);
  }
  return most;
}

std::shared_ptr<const ChannelLoads> Traffic::everyone() const {
  auto loads = std::make_shared<ChannelLoads>();
  for (std::size_t channel = 0; channel < load_.size(); ++channel) {
    if (load_[channel] > 0) loads->push_back({ChannelId(channel), load_[channel] * units::B});
  }
  loads->shrink_to_fit();
  return loads;
}

SlowestFlow Traffic::slowest() const {
  ensure(!senders_.empty(), "a phase has traffic");
  std::size_t slowest = 0;
  Seconds most;
  for (std::size_t i = 0; i < senders_.size(); ++i) {
    const Seconds time = busiest(i);
    // Loads are sums in floating point: a difference in the last digits is none.
    const bool tie = time <= most * (1 + 1e-9) && time >= most * (1 - 1e-9);
    if (i == 0 || (tie ? senders_[i].bytes > senders_[slowest].bytes * (1 + 1e-9) : time > most)) {
      slowest = i;
      most = time;
    }
  }
  std::vector<Use> uses(uses_.begin() + static_cast<std::ptrdiff_t>(senders_[slowest].first),
                        uses_.begin() + static_cast<std::ptrdiff_t>(end_of(slowest)));
  std::stable_sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.channel < b.channel; });
  SlowestFlow flow{.bytes = senders_[slowest].bytes};
  for (std::size_t i = 0; i < uses.size();) {
    const topology::Channel& channel = topology_->fabric.channel(uses[i].channel);
    double own = 0;
    const std::size_t first = i;
    for (; i < uses.size() && uses[i].channel == uses[first].channel; ++i) own += uses[i].bytes;
    const double share = own / flow.bytes;
    flow.latency += channel.latency * share;
    const BytesPerSecond rate = channel.capacity * (1 / share);
    if (flow.line_rate == BytesPerSecond{} || rate < flow.line_rate) flow.line_rate = rate;
    flow.path.push_back({uses[first].channel, load_[uses[first].channel.index()] / flow.bytes});
  }
  flow.everyone = everyone();
  return flow;
}

}  // namespace aifsim::collective
