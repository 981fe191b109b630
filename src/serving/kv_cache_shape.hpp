// How much cache a sequence takes, by its length.
#pragma once

#include <cstdint>
#include <vector>

#include "serving/engine.hpp"
#include "serving/iteration_cost.hpp"

namespace aifsim::serving {

// Cache is counted in units: blocks where every layer's cache grows with the length, bytes where some of it does not
// (sliding windows, recurrent state).
using CacheUnits = std::int64_t;

struct CacheShape {
  // Layers that look back a limited number of tokens: their part stops growing.
  struct Window {
    CacheUnits block = 0;     // of one block of tokens
    std::int64_t blocks = 0;  // that a sequence keeps at most
  };

  std::int64_t block_tokens = 16;
  CacheUnits total = 0;     // of one attention group
  CacheUnits block = 1;     // of one block of tokens in the layers that keep everything
  CacheUnits sequence = 0;  // of any sequence, whatever its length
  std::vector<Window> windows;

  [[nodiscard]] std::int64_t blocks(std::int64_t tokens) const { return (tokens + block_tokens - 1) / block_tokens; }
  // What a sequence of so many blocks of tokens takes.
  [[nodiscard]] CacheUnits demand(std::int64_t blocks) const;
  // What its next block takes.
  [[nodiscard]] CacheUnits growth(std::int64_t blocks) const;
  // The least number of blocks above `blocks` from which growth() is another; 0 = it stays.
  [[nodiscard]] std::int64_t next_change(std::int64_t blocks) const;
};

[[nodiscard]] CacheShape cache_shape(const EngineOptions& options, const EngineMemory& memory);

}  // namespace aifsim::serving
