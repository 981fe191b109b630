// A tier's store: who stays, against a naive one, and its laws.
#include "serving/kv_store.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.hpp"

namespace aifsim::serving {
namespace {

KvStore::Entry piece(std::uint64_t name, double bytes = 1) {
  return {.piece = {.name = name, .session_name = 0, .blocks = 1}, .bytes = units::B * bytes};
}

// Looks a piece up; a hit is a use, a miss brings it.
bool access(KvStore& store, const KvStore::Entry& entry, std::vector<KvStore::Entry>& evicted) {
  if (store.find(entry.piece) != nullptr) {
    store.touch(entry.piece);
    return true;
  }
  store.insert(entry, evicted);
  return false;
}

// The same in linear time, from the definition.
struct NaiveStore {
  struct Kept {
    std::uint64_t name;
    double bytes;
    int uses;
    int last;
  };
  bool access(std::uint64_t name, double bytes) {
    ++clock;
    const auto found = std::ranges::find(kept, name, &Kept::name);
    if (found != kept.end()) {
      ++found->uses;
      found->last = clock;
      return true;
    }
    if (bytes > capacity) return false;
    const auto sum = [this] {
      double total = 0;
      for (const Kept& one : kept) total += one.bytes;
      return total;
    };
    while (sum() + bytes > capacity) {
      kept.erase(std::ranges::min_element(
          kept, {}, [this](const Kept& one) { return std::pair(frequency ? one.uses : 0, one.last); }));
    }
    kept.push_back({name, bytes, 1, clock});
    return false;
  }
  double capacity;
  bool frequency;
  std::vector<Kept> kept = {};
  int clock = 0;
};

class Eviction : public testing::TestWithParam<KvEviction> {};
INSTANTIATE_TEST_SUITE_P(both, Eviction, testing::Values(KvEviction::lru, KvEviction::lfu));

TEST_P(Eviction, is_as_defined) {
  Rng random(7, "test");
  for (int round = 0; round < 20; ++round) {
    const double capacity = 5 + static_cast<double>(random.below(40));
    KvStore store(units::B * capacity, GetParam());
    NaiveStore naive{.capacity = capacity, .frequency = GetParam() == KvEviction::lfu};
    std::map<std::uint64_t, double> sizes;
    std::vector<KvStore::Entry> evicted;
    double in = 0;
    for (int i = 0; i < 500; ++i) {
      // A few names often, many seldom.
      const std::uint64_t name = 1 + random.below(1 + random.below(60));
      const double bytes = sizes.try_emplace(name, 1 + static_cast<double>(random.below(8))).first->second;
      const bool hit = access(store, piece(name, bytes), evicted);
      ASSERT_EQ(hit, naive.access(name, bytes)) << "access " << i;
      if (!hit && store.find(piece(name).piece) != nullptr) in += bytes;
      ASSERT_LE(store.used(), store.capacity());
      store.check();
    }
    double out = 0;
    for (const KvStore::Entry& entry : evicted) out += entry.bytes.in(units::B);
    EXPECT_NEAR(in, out + store.used().in(units::B), 1e-9);  // what came is there or has gone
  }
}

// Inclusion: with pieces of one size, a larger LRU store holds all that a smaller one does.
TEST(KvStore, of_more_capacity_never_hits_less_under_lru) {
  Rng random(11, "test");
  for (int round = 0; round < 20; ++round) {
    std::vector<std::uint64_t> names;
    for (int i = 0; i < 400; ++i) names.push_back(1 + random.below(1 + random.below(80)));
    int before = -1;
    for (const int capacity : {1, 2, 5, 13, 34, 80, 1000}) {
      KvStore store(units::B * capacity, KvEviction::lru);
      std::vector<KvStore::Entry> evicted;
      int hits = 0;
      for (const std::uint64_t name : names) hits += access(store, piece(name), evicted) ? 1 : 0;
      EXPECT_GE(hits, before);
      before = hits;
    }
    std::ranges::sort(names);
    const auto different = std::ranges::unique(names);
    EXPECT_EQ(before, 400 - static_cast<int>(different.begin() - names.begin()));  // all but the first of each
  }
}

TEST(KvStore, finds_what_an_earlier_turn_left) {
  KvStore store(units::B * 10, KvEviction::lru);
  std::vector<KvStore::Entry> evicted;
  store.insert(piece(42), evicted);
  const PrefixPiece next{.name = 7, .session_name = 42, .blocks = 1};
  ASSERT_NE(store.find(next), nullptr);
  EXPECT_EQ(store.find(next)->piece.name, 42U);
  EXPECT_FALSE(store.insert({.piece = next, .bytes = units::B * 1}, evicted));
}

TEST(KvStore, takes_nothing_larger_than_itself) {
  KvStore store(units::B * 10, KvEviction::lfu);
  std::vector<KvStore::Entry> evicted;
  store.insert(piece(1, 10), evicted);
  EXPECT_FALSE(store.insert(piece(2, 11), evicted));
  EXPECT_TRUE(evicted.empty());
  EXPECT_EQ(store.size(), 1U);
}

}  // namespace
}  // namespace aifsim::serving
