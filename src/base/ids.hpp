// Strong index types: a ChannelId cannot be passed where a DeviceId belongs.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <limits>

namespace aifsim {

template <typename Tag>
class Id {
 public:
  static constexpr std::uint32_t invalid = std::numeric_limits<std::uint32_t>::max();

  constexpr Id() = default;
  constexpr explicit Id(std::size_t index) : index_(static_cast<std::uint32_t>(index)) {}
  [[nodiscard]] constexpr std::size_t index() const { return index_; }
  [[nodiscard]] constexpr bool valid() const { return index_ != invalid; }
  constexpr auto operator<=>(const Id&) const = default;

 private:
  std::uint32_t index_ = invalid;
};

using DeviceId = Id<struct DeviceTag>;    // a vertex of the fabric: GPU, NIC, switch, …
using ChannelId = Id<struct ChannelTag>;  // a directed edge of the fabric
using MediumId = Id<struct MediumTag>;    // what a channel is made of: NVLink copper, DR4, …
using TaskId = Id<struct TaskTag>;        // a task of one TaskGraph
using LabelId = Id<struct LabelTag>;      // what a task is for, as reports name it
using PathId = Id<struct PathTag>;        // a path registered with one TaskGraph

// One channel on a flow's path. `multiplicity` is how many identical flows the one simulated flow stands for on
// this channel: at rate r it takes multiplicity * r of the channel's capacity. 1 for a plain flow; fractions come
// from spraying over equal-cost channels.
struct ChannelUse {
  ChannelId channel;
  double multiplicity = 1.0;
};

}  // namespace aifsim

template <typename Tag>
struct std::hash<aifsim::Id<Tag>> {
  std::size_t operator()(aifsim::Id<Tag> id) const noexcept { return id.index(); }
};
