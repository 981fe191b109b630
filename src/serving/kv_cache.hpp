// The KV cache of one attention group: room for sequences, and for prompts worth keeping. Ask first (fits), then act.
//
// Which physical block somebody has makes no difference, so blocks are counted, not named; pieces of prompts are named
// in the prefix cache. At all times free + private + shared = total.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "serving/kv_cache_shape.hpp"
#include "serving/kv_cache_tiers.hpp"
#include "serving/prefix_cache.hpp"

namespace aifsim::serving {

// What one sequence holds apart from blocks of its own.
struct CacheHolding {
  std::vector<PrefixCache::Slot> pieces;  // from the beginning of its prompt
  std::int64_t shared_blocks = 0;         // in them
};

class KvCache {
 public:
  KvCache(const CacheShape& shape, std::uint32_t replica) : shape_(shape), free_(shape.total), replica_(replica) {}

  [[nodiscard]] const CacheShape& shape() const { return shape_; }
  // Unused, or held by prompts that nobody uses now.
  [[nodiscard]] CacheUnits available() const { return free_ + prefixes_.idle_blocks() * shape_.block; }
  [[nodiscard]] CacheUnits used() const { return shape_.total - available(); }
  [[nodiscard]] PrefixCache::Match match(std::span<const PrefixPiece> pieces) const { return prefixes_.match(pieces); }

  // Room for a sequence of so many blocks of which `match` is there already?
  [[nodiscard]] CacheUnits lacking(const PrefixCache::Match& match, std::int64_t blocks) const;
  [[nodiscard]] bool fits(const PrefixCache::Match& match, std::int64_t blocks) const {
    return lacking(match, blocks) + match.idle_blocks * shape_.block <= available();
  }
  // Takes it: the matched pieces, and blocks of its own for the rest. It must fit.
  void take(CacheHolding& holding, std::span<const PrefixPiece> pieces, const PrefixCache::Match& match,
            std::int64_t blocks);
  // Sequences grow.
  void grow(CacheUnits units);
  // The next piece of the sequence's prompt is computed: others can use it from now on.
  void publish(CacheHolding& holding, const PrefixPiece& piece);
  // The sequence of so many blocks is over. `answer`: pieces after its prompt's that are worth keeping.
  void give_back(CacheHolding& holding, std::int64_t blocks, std::span<const PrefixPiece> answer = {});

  void use_tiers(LowerTiers* tiers) { tiers_ = tiers; }
  void check() const;  // the law above

 private:
  void take_private(CacheUnits units);

  CacheShape shape_;
  CacheUnits free_ = 0, private_ = 0;
  PrefixCache prefixes_;
  LowerTiers* tiers_ = nullptr;
  std::uint32_t replica_ = 0;
};

}  // namespace aifsim::serving
