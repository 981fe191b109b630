// When sequences that decode in step take their next blocks.
//
// All of them gain the same length in every iteration, so that a sequence's place within its block, less the length
// that everybody has gained so far, never changes: its class. How much the next k iterations take is then a sum over a
// range of classes, kept in a Fenwick tree: its cost depends on the block's size alone.
#pragma once

#include <cstdint>
#include <vector>

namespace aifsim::serving {

class CacheGrowth {
 public:
  // `block`: length of a block, in whatever unit lengths are counted.
  explicit CacheGrowth(std::int64_t block);

  // A sequence whose cache is `length` long joins (leaves, with a negative weight); each block it begins takes
  // `weight`.
  void add(std::int64_t length, std::int64_t weight);
  // Taken when every sequence grows by `gain`.
  [[nodiscard]] std::int64_t needed(std::int64_t gain) const;
  // Every sequence has grown.
  void advance(std::int64_t gain);

 private:
  [[nodiscard]] std::int64_t phase(std::int64_t value) const;
  [[nodiscard]] std::int64_t below(std::int64_t phase) const;  // weight of the classes before this one

  std::int64_t block_, gained_ = 0, weight_ = 0;
  std::vector<std::int64_t> tree_;
};

}  // namespace aifsim::serving
