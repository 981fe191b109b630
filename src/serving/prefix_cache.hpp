// Pieces of prompts whose keys and values are in HBM: some in use, the others kept until their room is needed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "serving/prefix_cache_names.hpp"

namespace aifsim::serving {

class PrefixCache {
 public:
  using Slot = std::uint32_t;

  // What is there of a prompt, from its beginning.
  struct Match {
    std::size_t pieces = 0;
    std::int64_t blocks = 0;
    std::int64_t idle_blocks = 0;  // of them, those that nobody uses: matched, they cannot be evicted
  };
  [[nodiscard]] Match match(std::span<const PrefixPiece> pieces) const;

  // The piece gets one more user. Nothing when it is not there.
  [[nodiscard]] std::optional<Slot> use(const PrefixPiece& piece);
  // A piece that is not there yet: computed, used by one (or, with `idle`, by nobody).
  Slot insert(const PrefixPiece& piece, bool idle = false);
  // One user less. A piece that nobody uses is the last to be evicted.
  void leave(Slot slot);
  // The piece that has not been used for the longest time; nothing when all are in use.
  std::optional<PrefixPiece> evict();

  [[nodiscard]] bool holds(const PrefixPiece& piece) const { return find(piece).has_value(); }
  [[nodiscard]] std::int64_t used_blocks() const { return used_; }
  [[nodiscard]] std::int64_t idle_blocks() const { return idle_; }
  [[nodiscard]] std::int64_t blocks_of(Slot slot) const { return nodes_[slot].piece.blocks; }

 private:
  static constexpr Slot none = ~Slot{0};
  struct Node {
    PrefixPiece piece;
    std::uint32_t users = 0;
    Slot older = none, newer = none;  // among the idle
  };
  [[nodiscard]] std::optional<Slot> find(const PrefixPiece& piece) const;
  void append_idle(Slot slot);
  void unlink_idle(Slot slot);

  std::unordered_map<std::uint64_t, Slot> slots_;  // by name
  std::vector<Node> nodes_;
  std::vector<Slot> free_;
  Slot oldest_ = none, newest_ = none;
  std::int64_t used_ = 0, idle_ = 0;
};

}  // namespace aifsim::serving
