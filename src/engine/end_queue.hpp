// When flows end, earliest first, ties by number. A flow's time changes in place: there are no stale entries.
#pragma once

#include <cstdint>
#include <vector>

namespace aifsim::engine {

class EndQueue {
 public:
  using Index = std::uint32_t;

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] double next() const { return heap_.front().when; }
  [[nodiscard]] Index first() const { return heap_.front().flow; }

  void set(Index flow, double when);
  void erase(Index flow);  // nothing if it is not there

 private:
  static constexpr Index absent = ~Index{0};
  static constexpr std::size_t arity = 4;  // half the depth of a binary heap, and children share a cache line

  struct Entry {
    double when;
    Index flow;
    bool operator<(const Entry& other) const { return when != other.when ? when < other.when : flow < other.flow; }
  };

  void place(std::size_t at, Entry entry) {
    heap_[at] = entry;
    position_[entry.flow] = static_cast<Index>(at);
  }
  void rise(std::size_t at, Entry entry);
  void sink(std::size_t at, Entry entry);

  std::vector<Entry> heap_;
  std::vector<Index> position_;  // by flow
};

}  // namespace aifsim::engine
