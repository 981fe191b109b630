// What joins the NICs of all nodes. One implementation for each family of topologies; registry.cpp lists the
// topologies.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

// Which channels are dead; empty when none is.
using DeadChannels = std::vector<bool>;

class ScaleOutNetwork {
 public:
  virtual ~ScaleOutNetwork() = default;
  // Appends the channels from one NIC to another. `flow` picks among equal-cost paths where routing hashes. False when
  // no path is left that this routing would take.
  [[nodiscard]] virtual bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                                         std::vector<ChannelUse>& path) const = 0;
  // Only NICs of the same index are joined: other pairs need forwarding inside a node.
  [[nodiscard]] virtual bool joins_rails_apart() const { return false; }
  // Paths avoid these from now on. The vector outlives the network.
  virtual void avoid(std::shared_ptr<const DeadChannels> dead) { dead_ = std::move(dead); }
  [[nodiscard]] virtual std::vector<TierCount> tiers() const = 0;
  // Shortest paths that differ in a switch.
  [[nodiscard]] virtual std::size_t path_diversity(const NicPlace& /*from*/, const NicPlace& /*to*/) const { return 1; }
  // Of the halves with the least capacity between them, is this node in the first? Nothing: halves in node order.
  [[nodiscard]] virtual std::optional<bool> in_first_half(std::size_t /*node*/) const { return std::nullopt; }
  // From one half to the other, where the graph does not tell: a circuit switch joins only the ports it is set to.
  [[nodiscard]] virtual std::optional<BytesPerSecond> circuit_cut() const { return std::nullopt; }
  [[nodiscard]] virtual std::optional<Circuits> circuits() const { return std::nullopt; }

 protected:
  [[nodiscard]] bool is_dead(ChannelId channel) const { return dead_ && (*dead_)[channel.index()]; }
  // Of the uses from `first` on.
  [[nodiscard]] bool crosses_dead(const std::vector<ChannelUse>& path, std::size_t first) const;
  std::shared_ptr<const DeadChannels> dead_;
};

// Throws the ConfigError for a network that cannot be built as the platform asks.
// A cable longer than its medium reaches is a ConfigError.
void check_reach(const hardware::Platform& platform, const std::string& medium_key, const std::string& medium,
                 const std::string& length_key, double metres);
[[noreturn]] void reject(const hardware::Platform& platform, std::string key, std::string expected, std::string got,
                         std::string hint = {});

}  // namespace aifsim::topology
