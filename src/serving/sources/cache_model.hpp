// What a cache of prompt blocks would find in a sequence of requests, for every cache size at once.
//
// The cache holds the blocks used most recently. A request uses its blocks from the last to the first, so that the tail
// of a prompt is evicted before what it hangs on. Of a request the leading blocks that are all in the cache count as
// found. Which blocks a cache of N holds does not depend on what was found, and they are among those of a cache of N +
// 1, so what is found grows with N.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace aifsim::serving {

class CacheModel {
 public:
  void request(std::span<const std::uint64_t> blocks);

  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }  // asked for
  [[nodiscard]] std::uint64_t distinct() const { return last_use_.size(); }
  // Of the blocks asked for, those found with a cache of this many blocks.
  [[nodiscard]] std::uint64_t found(std::uint64_t capacity) const;
  [[nodiscard]] std::uint64_t found_without_limit() const { return found_; }

 private:
  [[nodiscard]] std::uint64_t depth(std::uint64_t block) const;
  void use(std::uint64_t block);
  void compact();

  // Uses are numbered; a Fenwick tree counts the blocks whose last use lies at or after a number.
  std::vector<std::uint32_t> tree_;
  std::uint64_t next_use_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> last_use_;
  // found_at_[d]: blocks that a cache of d or more finds and one of d - 1 does not.
  std::vector<std::uint64_t> found_at_;
  std::uint64_t blocks_ = 0, found_ = 0;
};

}  // namespace aifsim::serving
