// Slots for adapters, and the queue of those who have none, against naive ones.
#include "serving/adapter_slots.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "serving/adapter_queue.hpp"

namespace aifsim::serving {
namespace {

using Content = AdapterSlots::Content;

TEST(AdapterSlots, the_longest_unused_gives_way) {
  AdapterSlots slots(2);
  for (const std::uint32_t adapter : {1U, 2U}) {
    EXPECT_EQ(slots.take(adapter), Content::wanting);
    EXPECT_TRUE(slots.loaded(adapter, slots.load()));
  }
  EXPECT_FALSE(slots.takes(3));
  slots.give_back(2);
  slots.give_back(1);
  EXPECT_EQ(slots.take(2), Content::there);
  slots.give_back(2);  // 1 is unused for longer now
  EXPECT_EQ(slots.take(3), Content::wanting);
  EXPECT_FALSE(slots.has(1));
  EXPECT_TRUE(slots.has(2));
  slots.check();
}

TEST(AdapterSlots, an_adapter_on_its_way_is_asked_for_once) {
  AdapterSlots slots(1);
  EXPECT_EQ(slots.take(5), Content::wanting);
  EXPECT_EQ(slots.take(5), Content::coming);
  EXPECT_TRUE(slots.loaded(5, slots.load()));
  EXPECT_EQ(slots.take(5), Content::there);
}

TEST(AdapterSlots, a_load_that_nobody_wants_any_more_comes_to_nothing) {
  AdapterSlots slots(1);
  (void)slots.take(5);
  const std::uint64_t first = slots.load();
  slots.give_back(5);
  EXPECT_EQ(slots.take(6), Content::wanting);  // takes its slot
  EXPECT_FALSE(slots.loaded(5, first));
  slots.clear();
  EXPECT_FALSE(slots.loaded(6, slots.load()));
  EXPECT_EQ(slots.take(5), Content::wanting);
  EXPECT_FALSE(slots.loaded(5, first));
  EXPECT_TRUE(slots.loaded(5, slots.load()));
}

// A list in the order of last use, walked each time.
class NaiveSlots {
 public:
  explicit NaiveSlots(std::size_t slots) : slots_(slots) {}
  [[nodiscard]] bool takes(std::uint32_t adapter) const {
    return find(adapter) != held_.end() || held_.size() < slots_ ||
           std::ranges::any_of(held_, [](const Held& one) { return one.users == 0; });
  }
  bool take(std::uint32_t adapter) {
    auto found = find(adapter);
    const bool there = found != held_.end();
    if (!there) {
      if (held_.size() == slots_) {
        auto oldest = held_.end();
        for (auto one = held_.begin(); one != held_.end(); ++one) {
          if (one->users == 0 && (oldest == held_.end() || one->left < oldest->left)) oldest = one;
        }
        held_.erase(oldest);
      }
      held_.push_back({adapter, 0, 0});
      found = held_.end() - 1;
    }
    ++found->users;
    return there;
  }
  void give_back(std::uint32_t adapter) {
    const auto found = find(adapter);
    --found->users;
    found->left = ++time_;
  }

 private:
  struct Held {
    std::uint32_t adapter;
    int users, left;
  };
  std::vector<Held>::iterator find(std::uint32_t adapter) { return std::ranges::find(held_, adapter, &Held::adapter); }
  [[nodiscard]] std::vector<Held>::const_iterator find(std::uint32_t adapter) const {
    return std::ranges::find(held_, adapter, &Held::adapter);
  }
  std::size_t slots_;
  std::vector<Held> held_;
  int time_ = 0;
};

TEST(AdapterSlots, are_what_a_naive_list_is) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const int count = 1 + static_cast<int>(random() % 5);
    AdapterSlots slots(count);
    NaiveSlots naive(static_cast<std::size_t>(count));
    std::vector<std::uint32_t> users;
    for (int i = 0; i < 500; ++i) {
      const auto adapter = static_cast<std::uint32_t>(1 + random() % 8);
      if (random() % 2 == 0 && !users.empty()) {
        std::swap(users[random() % users.size()], users.back());
        slots.give_back(users.back());
        naive.give_back(users.back());
        users.pop_back();
        continue;
      }
      ASSERT_EQ(slots.takes(adapter), naive.takes(adapter));
      if (!naive.takes(adapter)) continue;
      const Content content = slots.take(adapter);
      ASSERT_EQ(content == Content::there, naive.take(adapter)) << seed;
      if (content == Content::wanting) {
        ASSERT_TRUE(slots.loaded(adapter, slots.load()));
      }
      users.push_back(adapter);
      slots.check();
    }
  }
}

TEST(AdapterQueue, gives_the_first_that_can_join) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    AdapterSlots slots(2);
    AdapterQueue queue;
    std::map<AdapterQueue::Place, std::uint32_t> naive;
    std::vector<std::uint32_t> users;
    const auto leave = [&] {
      const std::uint32_t adapter = users.back();
      users.pop_back();
      slots.give_back(adapter);
      if (!slots.in_use(adapter)) queue.use_changed(adapter, false);
    };
    for (int i = 0; i < 300; ++i) {
      const auto adapter = static_cast<std::uint32_t>(1 + random() % 5);
      if (random() % 3 == 0 && !users.empty()) {
        leave();
      } else if (slots.takes(adapter)) {
        (void)slots.take(adapter);
        queue.use_changed(adapter, true);
        users.push_back(adapter);
      } else {
        const std::int64_t place = static_cast<std::int64_t>(random() % 1000) - 500;
        const AdapterQueue::Place at{place, static_cast<SequenceIndex>(i)};
        queue.add(adapter, at);
        naive.emplace(at, adapter);
      }
      const auto expected = std::ranges::find_if(naive, [&](const auto& entry) { return slots.takes(entry.second); });
      const auto first = queue.first(slots);
      ASSERT_EQ(first.has_value(), expected != naive.end()) << seed;
      ASSERT_EQ(queue.size(), naive.size());
      if (!first) continue;
      ASSERT_EQ(*first, expected->first) << seed;
      queue.remove(expected->second, *first);
      naive.erase(expected);
    }
  }
}

}  // namespace
}  // namespace aifsim::serving
