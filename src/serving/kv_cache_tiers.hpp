// Where KV blocks can be when they are not in HBM: host memory, NVMe, network storage. The replica asks, the tiers
// move.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "serving/prefix_cache_names.hpp"
#include "topology/storage.hpp"

namespace aifsim::serving {

class LowerTiers {
 public:
  virtual ~LowerTiers() = default;
  // How many of these pieces, from the first on, the tiers hold (and want fetched rather than computed again).
  [[nodiscard]] virtual std::size_t find(std::span<const PrefixPiece> pieces) const = 0;
  // Where a piece is (or is on its way to), the fastest of the places; nothing where no tier has it.
  [[nodiscard]] virtual std::optional<topology::DataPlace> place_of(const PrefixPiece& piece) const = 0;
  // Moves pieces to HBM, where room for them is set aside; calls `done` when all are there, at that time,
  // and never before fetch() has returned.
  virtual void fetch(std::uint32_t replica, std::span<const PrefixPiece> pieces, std::function<void()> done) = 0;
  // A piece has been computed and is in HBM (write-through), or has been evicted from it (write-back).
  virtual void stored(std::uint32_t /*replica*/, const PrefixPiece& /*piece*/) {}
  virtual void evicted(std::uint32_t /*replica*/, const PrefixPiece& /*piece*/) {}
};

}  // namespace aifsim::serving
