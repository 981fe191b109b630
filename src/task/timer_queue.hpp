// A queue of things due, ordered by (time, sequence).
#pragma once

#include <cstdint>
#include <limits>
#include <queue>
#include <vector>

#include "base/quantity.hpp"

namespace aifsim::task {

template <typename What>
class TimerQueue {
 public:
  void push(Seconds when, What what) { queue_.push({when.base(), next_sequence_++, std::move(what)}); }
  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] Seconds next() const { return Seconds::from_base(empty() ? never : queue_.top().when); }
  What pop() {
    What what = queue_.top().what;
    queue_.pop();
    return what;
  }

  static constexpr double never = std::numeric_limits<double>::infinity();

 private:
  struct Entry {
    double when;
    std::uint64_t sequence;
    What what;
    bool operator<(const Entry& other) const {  // std::priority_queue gives the greatest first
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };
  std::priority_queue<Entry> queue_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace aifsim::task
