#include "collective/traffic.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace aifsim::collective {

Traffic::Traffic(const topology::Topology& topology, bool keep_members)
    : topology_(&topology), keep_members_(keep_members), load_(topology.fabric.channels().size(), 0.0) {}

void Traffic::send_for(DeviceId owner, DeviceId source, DeviceId destination, double bytes) {
  if (senders_.empty() || senders_.back().owner != owner) {
    senders_.push_back({.owner = owner, .first = uses_.size()});
  }
  senders_.back().bytes += bytes;
  senders_.back().destination = destination;
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
  SlowestFlow flow{.bytes = senders_[slowest].bytes};
  for (const OwnUse& use : own_uses(slowest)) {
    const topology::Channel& channel = topology_->fabric.channel(use.channel);
    flow.latency += channel.latency * use.share;
    const BytesPerSecond rate = channel.capacity * (1 / use.share);
    if (flow.line_rate == BytesPerSecond{} || rate < flow.line_rate) flow.line_rate = rate;
    flow.path.push_back({use.channel, load_[use.channel.index()] / flow.bytes});
  }
  flow.everyone = everyone();
  for (std::size_t i = 0; keep_members_ && i < senders_.size(); ++i) flow.members.push_back(member(i));
  return flow;
}

// Each channel once.
std::vector<Traffic::OwnUse> Traffic::own_uses(std::size_t sender) const {
  std::vector<Use> uses(uses_.begin() + static_cast<std::ptrdiff_t>(senders_[sender].first),
                        uses_.begin() + static_cast<std::ptrdiff_t>(end_of(sender)));
  std::stable_sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) { return a.channel < b.channel; });
  std::vector<OwnUse> own;
  for (std::size_t i = 0; i < uses.size();) {
    const ChannelId channel = uses[i].channel;
    double bytes = 0;
    for (; i < uses.size() && uses[i].channel == channel; ++i) bytes += uses[i].bytes;
    own.push_back({channel, bytes / senders_[sender].bytes});
  }
  return own;
}

MemberFlow Traffic::member(std::size_t sender) const {
  MemberFlow flow{.source = senders_[sender].owner,
                  .destination = senders_[sender].destination,
                  .path = {},
                  .bytes = senders_[sender].bytes * units::B,
                  .line_rate = {},
                  .rate_limit = {}};
  for (const OwnUse& use : own_uses(sender)) {
    const BytesPerSecond rate = topology_->fabric.channel(use.channel).capacity * (1 / use.share);
    if (flow.line_rate == BytesPerSecond{} || rate < flow.line_rate) flow.line_rate = rate;
    flow.path.push_back({use.channel, use.share});
  }
  return flow;
}

}  // namespace aifsim::collective
