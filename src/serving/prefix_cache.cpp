#include "serving/prefix_cache.hpp"

#include "base/error.hpp"

namespace aifsim::serving {

PrefixCache::Match PrefixCache::match(std::span<const PrefixPiece> pieces) const {
  Match match;
  for (const PrefixPiece& piece : pieces) {
    const std::optional<Slot> slot = find(piece);
    if (!slot) break;
    const Node& node = nodes_[*slot];
    ++match.pieces;
    match.blocks += node.piece.blocks;
    if (node.users == 0) match.idle_blocks += node.piece.blocks;
  }
  return match;
}

std::optional<PrefixCache::Slot> PrefixCache::use(const PrefixPiece& piece) {
  const std::optional<Slot> slot = find(piece);
  if (!slot) return std::nullopt;
  Node& node = nodes_[*slot];
  if (node.users++ == 0) {
    unlink_idle(*slot);
    used_ += node.piece.blocks;
  }
  return slot;
}

PrefixCache::Slot PrefixCache::insert(const PrefixPiece& piece, bool idle) {
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(nodes_.size()));
    nodes_.emplace_back();
  }
  const Slot slot = free_.back();
  const bool is_new = slots_.emplace(piece.name, slot).second;
  ensure(is_new, "a piece is in the prefix cache once");
  free_.pop_back();
  nodes_[slot] = {.piece = piece, .users = idle ? 0U : 1U};
  if (idle) {
    append_idle(slot);
  } else {
    used_ += piece.blocks;
  }
  return slot;
}

void PrefixCache::leave(Slot slot) {
  Node& node = nodes_[slot];
  ensure(node.users > 0, "who leaves a piece has used it");
  if (--node.users > 0) return;
  used_ -= node.piece.blocks;
  append_idle(slot);
}

std::optional<PrefixPiece> PrefixCache::evict() {
  if (oldest_ == none) return std::nullopt;
  const Slot slot = oldest_;
  unlink_idle(slot);
  slots_.erase(nodes_[slot].piece.name);
  free_.push_back(slot);
  return nodes_[slot].piece;
}

std::optional<PrefixCache::Slot> PrefixCache::find(const PrefixPiece& piece) const {
  auto found = slots_.find(piece.name);
  if (found == slots_.end() && piece.session_name != 0) found = slots_.find(piece.session_name);
  return found == slots_.end() ? std::nullopt : std::optional(found->second);
}

void PrefixCache::append_idle(Slot slot) {
  Node& node = nodes_[slot];
  node.older = newest_;
  node.newer = none;
  (newest_ == none ? oldest_ : nodes_[newest_].newer) = slot;
  newest_ = slot;
  idle_ += node.piece.blocks;
}

void PrefixCache::unlink_idle(Slot slot) {
  Node& node = nodes_[slot];
  (node.older == none ? oldest_ : nodes_[node.older].newer) = node.newer;
  (node.newer == none ? newest_ : nodes_[node.newer].older) = node.older;
  node.older = node.newer = none;
  idle_ -= node.piece.blocks;
}

}  // namespace aifsim::serving
