#include "serving/kv_store.hpp"

#include "base/error.hpp"

namespace aifsim::serving {

const KvStore::Place* KvStore::place_of(const PrefixPiece& piece) const {
  auto found = places_.find(piece.name);
  if (found == places_.end() && piece.session_name != 0) found = places_.find(piece.session_name);
  return found == places_.end() ? nullptr : &found->second;
}

const KvStore::Entry* KvStore::find(const PrefixPiece& piece) const {
  const Place* place = place_of(piece);
  return place == nullptr ? nullptr : &*place->entry;
}

void KvStore::touch(const PrefixPiece& piece) {
  const Place* found = place_of(piece);
  if (found == nullptr) return;
  const Place place = *found;
  const auto from = place.rank;
  if (eviction_ == KvEviction::lru) {
    from->entries.splice(from->entries.end(), from->entries, place.entry);
    return;
  }
  auto next = std::next(from);
  if (next == ranks_.end() || next->uses != from->uses + 1)
    next = ranks_.insert(next, {.uses = from->uses + 1, .entries = {}});
  next->entries.splice(next->entries.end(), from->entries, place.entry);
  places_.at(place.entry->piece.name).rank = next;
  if (from->entries.empty()) ranks_.erase(from);
}

bool KvStore::insert(const Entry& entry, std::vector<Entry>& evicted) {
  if (entry.bytes > capacity_ || find(entry.piece) != nullptr) return false;
  while (used_ + entry.bytes > capacity_) evict_one(evicted);
  if (ranks_.empty() || ranks_.front().uses != 1) ranks_.push_front({});
  Rank& rank = ranks_.front();
  rank.entries.push_back(entry);
  places_[entry.piece.name] = {.rank = ranks_.begin(), .entry = std::prev(rank.entries.end())};
  used_ += entry.bytes;
  return true;
}

void KvStore::evict_one(std::vector<Entry>& evicted) {
  ensure(!ranks_.empty(), "a full store holds something");
  std::list<Entry>& least = ranks_.front().entries;
  evicted.push_back(least.front());
  places_.erase(least.front().piece.name);
  used_ -= least.front().bytes;
  least.pop_front();
  if (least.empty()) ranks_.pop_front();
  if (places_.empty()) used_ = {};  // no rounding is left over
}

void KvStore::check() const {
  Bytes sum;
  std::size_t count = 0;
  for (const Rank& rank : ranks_) {
    ensure(!rank.entries.empty(), "a rank without pieces is gone");
    for (const Entry& entry : rank.entries) sum += entry.bytes;
    count += rank.entries.size();
  }
  const Bytes slack = capacity_ * 1e-9;
  ensure(count == places_.size(), "every piece has its place");
  ensure(sum <= used_ + slack && used_ <= sum + slack, "what a store uses is what it holds");
  ensure(used_ <= capacity_, "a store holds no more than it can");
}

}  // namespace aifsim::serving
