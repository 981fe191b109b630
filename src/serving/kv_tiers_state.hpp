// The inside of KvTiers: stores and what is under way. Its functions are in kv_tiers.cpp (reads) and
// kv_tiers_write.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "serving/kv_tiers.hpp"

namespace aifsim::serving {

struct KvTiers::Home {
  Home(KvStore what, std::size_t its_tier, std::uint64_t its_owner)
      : store(std::move(what)), tier(its_tier), owner(its_owner) {}
  KvStore store;
  std::size_t tier;
  std::uint64_t owner;  // node or replica
  std::unordered_map<std::uint64_t, std::shared_ptr<Prefetch>> arriving;
};

// Writes go one batch after the other, as one copy thread does them: what comes meanwhile waits for the next.
struct KvTiers::Stream {
  std::uint32_t replica = 0;
  KvWayEnds ends{};
  std::size_t tier = 0;
  std::vector<Entry> waiting;
  Bytes staged;  // waiting and under way
  bool under_way = false;
  std::size_t batches = 0;
};

struct KvTiers::Fetch {
  int parts = 0;  // that have not arrived
  std::function<void()> done;
};

struct KvTiers::Prefetch {
  std::vector<std::function<void()>> waiters;
};

}  // namespace aifsim::serving
