// What joins the NICs of all nodes. One implementation for each family of topologies; registry.cpp lists the
// topologies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "topology/fabric.hpp"

namespace aifsim::topology {

// Where a scale-out NIC sits.
struct NicPlace {
  DeviceId device;
  std::size_t ordinal = 0;  // among all scale-out NICs, from 0
  std::size_t node = 0;     // in the whole cluster
  std::size_t index = 0;    // in its node: its rail
};

class ScaleOutNetwork {
 public:
  virtual ~ScaleOutNetwork() = default;
  // Appends the channels from one NIC to another. `flow` picks among equal-cost paths where routing hashes.
  virtual void append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                           std::vector<ChannelUse>& path) const = 0;
  [[nodiscard]] virtual std::vector<TierCount> tiers() const = 0;
  // Shortest paths that differ in a switch.
  [[nodiscard]] virtual std::size_t path_diversity(const NicPlace& /*from*/, const NicPlace& /*to*/) const { return 1; }
  // Of the halves of `nodes` nodes with the least capacity between them, is this node in the first?
  [[nodiscard]] virtual bool in_first_half(std::size_t node, std::size_t nodes) const { return node < nodes / 2; }
};

// Throws the ConfigError for a network that cannot be built as the platform asks.
[[noreturn]] void reject(const hardware::Platform& platform, std::string key, std::string expected, std::string got,
                         std::string hint = {});

}  // namespace aifsim::topology
