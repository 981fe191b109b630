#include "serving/kv_cache_growth.hpp"

#include "base/error.hpp"

namespace aifsim::serving {

CacheGrowth::CacheGrowth(std::int64_t block) : block_(block), tree_(static_cast<std::size_t>(block) + 1) {
  ensure(block > 0, "a block has a length");
}

void CacheGrowth::add(std::int64_t length, std::int64_t weight) {
  weight_ += weight;
  for (std::int64_t i = phase(length - gained_) + 1; i <= block_; i += i & -i) {
    tree_[static_cast<std::size_t>(i)] += weight;
  }
}

// A block begins when a length leaves a multiple of the block's, so the sequences that take one are those with less
// than `gain` to go to a multiple.
std::int64_t CacheGrowth::needed(std::int64_t gain) const {
  const std::int64_t whole = gain / block_ * weight_;
  const std::int64_t rest = gain % block_;
  if (rest == 0 || weight_ == 0) return whole;
  const std::int64_t last = phase(-gained_);
  const std::int64_t first = last - rest + 1;
  if (first >= 0) return whole + below(last + 1) - below(first);
  return whole + below(last + 1) + weight_ - below(first + block_);
}

void CacheGrowth::advance(std::int64_t gain) { gained_ += gain; }

std::int64_t CacheGrowth::phase(std::int64_t value) const {
  const std::int64_t rest = value % block_;
  return rest < 0 ? rest + block_ : rest;
}

std::int64_t CacheGrowth::below(std::int64_t phase) const {
  std::int64_t sum = 0;
  for (std::int64_t i = phase; i > 0; i -= i & -i) sum += tree_[static_cast<std::size_t>(i)];
  return sum;
}

}  // namespace aifsim::serving
