#include "serving/kv_cache_shape.hpp"

#include <algorithm>
#include <cmath>

namespace aifsim::serving {

CacheUnits CacheShape::demand(std::int64_t blocks) const {
  CacheUnits units = sequence + block * blocks;
  for (const Window& window : windows) units += window.block * std::min(blocks, window.blocks);
  return units;
}

CacheUnits CacheShape::growth(std::int64_t blocks) const {
  CacheUnits units = block;
  for (const Window& window : windows) units += blocks < window.blocks ? window.block : 0;
  return units;
}

std::int64_t CacheShape::next_change(std::int64_t blocks) const {
  std::int64_t next = 0;
  for (const Window& window : windows) {
    if (window.blocks > blocks && (next == 0 || window.blocks < next)) next = window.blocks;
  }
  return next;
}

CacheShape cache_shape(const EngineOptions& options, const EngineMemory& memory) {
  CacheShape shape;
  shape.block_tokens = options.block_tokens;
  const bool uniform = std::ranges::all_of(
      memory.groups, [](const model::CacheGroup& group) { return group.window <= 0 && group.per_sequence == Bytes{}; });
  if (uniform) {
    shape.total = memory.cache_blocks;
    return shape;
  }
  const auto whole_bytes = [](Bytes bytes) { return static_cast<CacheUnits>(std::ceil(bytes.in(units::B))); };
  shape.total = static_cast<CacheUnits>(memory.cache.in(units::B));
  shape.block = 0;
  for (const model::CacheGroup& group : memory.groups) {
    const CacheUnits block = whole_bytes(group.per_token * options.block_tokens);
    shape.sequence += whole_bytes(group.per_sequence);
    if (group.window <= 0) {
      shape.block += block;
    } else if (block > 0) {
      // A window that begins inside a block reaches into one more.
      shape.windows.push_back({block, shape.blocks(static_cast<std::int64_t>(group.window)) + 1});
    }
  }
  return shape;
}

}  // namespace aifsim::serving
