#include "study/traffic_classes.hpp"

#include <algorithm>
#include <bit>
#include <unordered_map>

namespace aifsim::study {
namespace {

using Colour = std::uint64_t;

// The finaliser of SplitMix64 (Steele et al., OOPSLA 2014).
Colour mix(Colour value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

// Sums of the same numbers in another order differ in the last digits of a double, not of a float.
Colour colour_of(double value) { return mix(std::bit_cast<std::uint32_t>(static_cast<float>(value))); }

class Refinement {
 public:
  Refinement(std::span<const LoneFlow> flows, std::span<const ChannelUse> uses, const topology::Fabric& fabric)
      : flows_(flows), uses_(uses), channels_(fabric.channels().size()), met_(channels_.size(), 0) {
    for (const LoneFlow& flow : flows) {
      colours_.push_back(
          mix(colour_of(flow.bytes.base()) ^ mix(colour_of(flow.start.base()) ^ mix(colour_of(flow.latency.base())))));
    }
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      channels_[i] = colour_of(fabric.channels()[i].capacity.base());
    }
  }

  void run() {
    for (std::size_t before = 0, now = count(); now != before && now < flows_.size() + channels_.size();) {
      step();
      before = now;
      now = count();
    }
  }

  [[nodiscard]] const std::vector<Colour>& flow_colours() const { return colours_; }
  [[nodiscard]] const std::vector<Colour>& channel_colours() const { return channels_; }

 private:
  // Sums do not depend on the order in which a flow lists its channels, or a channel its flows.
  void step() {
    std::fill(met_.begin(), met_.end(), 0);
    next_.resize(colours_.size());
    for (std::size_t flow = 0; flow < flows_.size(); ++flow) {
      Colour sum = 0;
      const std::size_t end = flow + 1 < flows_.size() ? flows_[flow + 1].first_use : uses_.size();
      for (std::size_t i = flows_[flow].first_use; i < end; ++i) {
        const ChannelUse& use = uses_[i];
        const Colour share = use.multiplicity == 1.0 ? 1 : colour_of(use.multiplicity);
        sum += mix(channels_[use.channel.index()] + share);
        met_[use.channel.index()] += mix(colours_[flow] + share);
      }
      next_[flow] = mix(colours_[flow] ^ mix(sum));
    }
    std::swap(colours_, next_);
    for (std::size_t i = 0; i < channels_.size(); ++i) channels_[i] = mix(channels_[i] ^ mix(met_[i]));
  }

  [[nodiscard]] std::size_t count() {
    const auto distinct = [this](const std::vector<Colour>& colours) {
      sorted_ = colours;
      std::sort(sorted_.begin(), sorted_.end());
      return static_cast<std::size_t>(std::unique(sorted_.begin(), sorted_.end()) - sorted_.begin());
    };
    return distinct(colours_) + distinct(channels_);
  }

  std::span<const LoneFlow> flows_;
  std::span<const ChannelUse> uses_;
  std::vector<Colour> channels_, met_, colours_, next_, sorted_;
};

struct ChannelClass {
  ChannelId first;
  std::size_t channels = 0;
};

}  // namespace

FlowClasses classify(std::span<const LoneFlow> flows, std::span<const ChannelUse> uses,
                     const topology::Fabric& fabric) {
  Refinement refinement(flows, uses, fabric);
  refinement.run();
  FlowClasses result;
  std::unordered_map<Colour, ChannelClass> channels;
  for (std::size_t i = 0; i < fabric.channels().size(); ++i) {
    ChannelClass& same =
        channels.try_emplace(refinement.channel_colours()[i], ChannelClass{ChannelId{i}}).first->second;
    ++same.channels;
    result.like.push_back(same.first);
  }
  std::unordered_map<Colour, std::size_t> known;
  for (std::size_t flow = 0; flow < flows.size(); ++flow) {
    const auto [entry, is_new] = known.try_emplace(refinement.flow_colours()[flow], result.classes.size());
    if (is_new) result.classes.push_back({.flow = flow, .flows = 0, .path = {}});
    ++result.classes[entry->second].flows;
  }
  for (FlowClass& flow_class : result.classes) {
    const std::size_t end = flow_class.flow + 1 < flows.size() ? flows[flow_class.flow + 1].first_use : uses.size();
    for (std::size_t i = flows[flow_class.flow].first_use; i < end; ++i) {
      const ChannelClass& met = channels.at(refinement.channel_colours()[uses[i].channel.index()]);
      // All flows of the class together, spread over all channels of that class.
      const double load =
          uses[i].multiplicity * static_cast<double>(flow_class.flows) / static_cast<double>(met.channels);
      const auto same = std::find_if(flow_class.path.begin(), flow_class.path.end(),
                                     [&](const ChannelUse& use) { return use.channel == met.first; });
      if (same == flow_class.path.end()) {
        flow_class.path.push_back({met.first, load});
      } else {
        same->multiplicity += load;
      }
    }
  }
  return result;
}

}  // namespace aifsim::study
