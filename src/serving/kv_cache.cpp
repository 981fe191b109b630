#include "serving/kv_cache.hpp"

#include <ranges>

#include "base/error.hpp"

namespace aifsim::serving {

CacheUnits KvCache::lacking(const PrefixCache::Match& match, std::int64_t blocks) const {
  return shape_.demand(blocks) - match.blocks * shape_.block;
}

void KvCache::take(CacheHolding& holding, std::span<const PrefixPiece> pieces, const PrefixCache::Match& match,
                   std::int64_t blocks) {
  ensure(holding.pieces.empty() && fits(match, blocks), "a sequence takes cache once, and where there is room");
  for (const PrefixPiece& piece : pieces.first(match.pieces)) {
    const auto slot = prefixes_.use(piece);
    ensure(slot.has_value(), "a matched piece is there");
    holding.pieces.push_back(*slot);
  }
  holding.shared_blocks = match.blocks;
  take_private(lacking(match, blocks));
}

void KvCache::grow(CacheUnits units) { take_private(units); }

void KvCache::publish(CacheHolding& holding, const PrefixPiece& piece) {
  const CacheUnits units = piece.blocks * shape_.block;
  if (const auto slot = prefixes_.use(piece)) {  // somebody else computed the same meanwhile
    holding.pieces.push_back(*slot);
    free_ += units;
  } else {
    holding.pieces.push_back(prefixes_.insert(piece));
    if (tiers_ != nullptr) tiers_->stored(replica_, piece);
  }
  private_ -= units;
  holding.shared_blocks += prefixes_.blocks_of(holding.pieces.back());
}

// The end of a chain is the first to be evicted: without its beginning it is worth nothing.
void KvCache::give_back(CacheHolding& holding, std::int64_t blocks, std::span<const PrefixPiece> answer) {
  const CacheUnits own = shape_.demand(blocks) - holding.shared_blocks * shape_.block;
  private_ -= own;
  free_ += own;
  for (const PrefixPiece& piece : std::views::reverse(answer)) {
    if (prefixes_.holds(piece) || free_ < piece.blocks * shape_.block) continue;
    prefixes_.insert(piece, true);
    free_ -= piece.blocks * shape_.block;
    if (tiers_ != nullptr) tiers_->stored(replica_, piece);
  }
  for (const PrefixCache::Slot slot : std::views::reverse(holding.pieces)) prefixes_.leave(slot);
  holding.pieces.clear();
  holding.shared_blocks = 0;
}

void KvCache::check() const {
  const CacheUnits shared = (prefixes_.used_blocks() + prefixes_.idle_blocks()) * shape_.block;
  ensure(free_ >= 0 && private_ >= 0, "no part of a cache is negative");
  ensure(free_ + private_ + shared == shape_.total, "allocated and free cache are all of it");
}

// Blocks that hold nothing go first. (vLLM keeps one queue by the time of freeing, so that a recently freed empty block
// may outlive an old prompt.)
void KvCache::take_private(CacheUnits units) {
  while (free_ < units) {
    const auto evicted = prefixes_.evict();
    ensure(evicted.has_value(), "cache is taken where there is room");
    free_ += evicted->blocks * shape_.block;
    if (tiers_ != nullptr) tiers_->evicted(replica_, *evicted);
  }
  free_ -= units;
  private_ += units;
}

}  // namespace aifsim::serving
