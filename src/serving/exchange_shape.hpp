// How an exchange of an engine loads the fabric, for those who share its channels.
#pragma once

#include <compare>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "collective/collective.hpp"
#include "serving/engine.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

// Channels between devices of the same kinds: an NVLink port's way up, a NIC's way out.
struct ChannelKind {
  topology::DeviceKind from{}, to{};
  auto operator<=>(const ChannelKind&) const = default;
};
[[nodiscard]] ChannelKind kind_of(ChannelId channel, const topology::Fabric& fabric);

// One exchange of some size. All of its channels of one kind count as the fullest of them, so that one shape holds for
// every engine that is placed alike.
struct ExchangeShape {
  struct Load {
    ChannelKind kind;
    double multiplicity = 1;  // flows like this one on a channel
  };
  struct Flow {
    Bytes bytes;
    Seconds alone;
    std::vector<Load> loads;
  };
  Bytes size;
  Seconds fixed;  // launch, protocol and hop latency: bandwidth does not matter to it
  std::vector<std::vector<Flow>> phases;

  [[nodiscard]] Seconds alone() const;
  [[nodiscard]] Bytes bytes_on(ChannelKind kind) const;
  [[nodiscard]] double multiplicity_on(ChannelKind kind) const;  // at most, at any time
};
[[nodiscard]] ExchangeShape exchange_shape(const collective::CollectivePlan& plan, Bytes size,
                                           const topology::Fabric& fabric);

// The channels that exchanges of an engine cross: the ways between ranks 1, 2, 4, … apart, which are all NVLink ports
// and NICs; of hashed paths through a network's core some are left out. Sorted.
[[nodiscard]] std::vector<ChannelId> exchange_channels(const model::InferencePlan& plan,
                                                       const std::vector<DeviceId>& gpus,
                                                       const topology::Topology& topology);

}  // namespace aifsim::serving
