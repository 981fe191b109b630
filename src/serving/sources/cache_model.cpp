#include "serving/sources/cache_model.hpp"

#include <algorithm>
#include <utility>

namespace aifsim::serving {
namespace {

constexpr std::size_t least_places = 1024;

void add(std::vector<std::uint32_t>& tree, std::uint64_t at, std::uint32_t change) {
  for (std::uint64_t i = at + 1; i < tree.size(); i += i & (~i + 1)) tree[i] += change;  // wraps around for -1
}

std::uint64_t sum_before(const std::vector<std::uint32_t>& tree, std::uint64_t end) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = end; i > 0; i -= i & (~i + 1)) sum += tree[i];
  return sum;
}

}  // namespace

// The least cache that holds the block: itself and the blocks used since.
std::uint64_t CacheModel::depth(std::uint64_t block) const {
  const auto found = last_use_.find(block);
  if (found == last_use_.end()) return 0;
  return last_use_.size() - sum_before(tree_, found->second);
}

void CacheModel::request(std::span<const std::uint64_t> blocks) {
  blocks_ += blocks.size();
  std::uint64_t needed = 0;
  for (const std::uint64_t block : blocks) {
    const std::uint64_t at = depth(block);
    if (at == 0) break;
    needed = std::max(needed, at);
    if (found_at_.size() <= needed) found_at_.resize(needed + 1);
    ++found_at_[needed];
    ++found_;
  }
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) use(*block);
}

void CacheModel::use(std::uint64_t block) {
  if (next_use_ + 1 >= tree_.size()) compact();
  const auto [entry, is_new] = last_use_.try_emplace(block, next_use_);
  if (!is_new) add(tree_, std::exchange(entry->second, next_use_), ~std::uint32_t{0});
  add(tree_, next_use_++, 1);
}

// Numbers the last uses anew from 0, in their order, in a tree with room for as many again.
void CacheModel::compact() {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> order;
  order.reserve(last_use_.size());
  for (const auto& [block, use] : last_use_) order.emplace_back(use, block);
  std::sort(order.begin(), order.end());
  tree_.assign(std::max(least_places, 2 * order.size() + 2), 0);
  next_use_ = 0;
  for (const auto& [use, block] : order) {
    last_use_[block] = next_use_;
    add(tree_, next_use_++, 1);
  }
}

std::uint64_t CacheModel::found(std::uint64_t capacity) const {
  std::uint64_t sum = 0;
  for (std::uint64_t at = 1; at < found_at_.size() && at <= capacity; ++at) sum += found_at_[at];
  return sum;
}

}  // namespace aifsim::serving
