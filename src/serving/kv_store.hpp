// What one tier holds: named pieces up to a capacity, and who goes first. Every operation takes constant time.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "serving/kv_tier_plan.hpp"
#include "serving/prefix_cache_names.hpp"

namespace aifsim::serving {

class KvStore {
 public:
  struct Entry {
    PrefixPiece piece;
    Bytes bytes;
  };
  KvStore(Bytes capacity, KvEviction eviction) : capacity_(capacity), eviction_(eviction) {}

  // Under its name, or the one that an earlier turn of its conversation left it by.
  [[nodiscard]] const Entry* find(const PrefixPiece& piece) const;
  // It is used now.
  void touch(const PrefixPiece& piece);
  // Makes room (what goes is appended to `evicted`, the first to go first) and takes it as just used. False, and
  // nothing happens, when it is there or larger than the whole store.
  bool insert(const Entry& entry, std::vector<Entry>& evicted);

  [[nodiscard]] Bytes capacity() const { return capacity_; }
  [[nodiscard]] Bytes used() const { return used_; }
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  void check() const;  // the books: InternalError when they are wrong

 private:
  // Pieces used equally often, the longest unused first. Under LRU all are in one.
  struct Rank {
    std::uint64_t uses = 1;
    std::list<Entry> entries;
  };
  struct Place {
    std::list<Rank>::iterator rank;
    std::list<Entry>::iterator entry;
  };
  [[nodiscard]] const Place* place_of(const PrefixPiece& piece) const;
  void evict_one(std::vector<Entry>& evicted);

  Bytes capacity_, used_;
  KvEviction eviction_;
  std::list<Rank> ranks_;  // by uses
  std::unordered_map<std::uint64_t, Place> places_;
};

}  // namespace aifsim::serving
