// Where KV blocks can be when they are not in HBM: host memory, NVMe, network storage. The replica asks, the tiers
// move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "serving/prefix_cache_names.hpp"

namespace aifsim::serving {

class LowerTiers {
 public:
  virtual ~LowerTiers() = default;
  // How many of these pieces, from the first on, the tiers hold (and want fetched rather than computed again).
  [[nodiscard]] virtual std::size_t find(std::span<const PrefixPiece> pieces) const = 0;
  // Moves pieces to HBM, where room for them is set aside; calls `done` when all are there, at that time,
  // and never before fetch() has returned.
  virtual void fetch(std::uint32_t replica, std::span<const PrefixPiece> pieces, std::function<void()> done) = 0;
  // A piece has been computed and is in HBM (write-through), or has been evicted from it (write-back).
  virtual void stored(std::uint32_t /*replica*/, const PrefixPiece& /*piece*/) {}
  virtual void evicted(std::uint32_t /*replica*/, const PrefixPiece& /*piece*/) {}
};

}  // namespace aifsim::serving
