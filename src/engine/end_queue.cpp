#include "engine/end_queue.hpp"

#include <algorithm>

namespace aifsim::engine {

void EndQueue::set(Index flow, double when) {
  if (position_.size() <= flow) position_.resize(flow + 1, absent);
  std::size_t at = position_[flow];
  const Entry entry{when, flow};
  if (at == absent) {
    at = heap_.size();
    heap_.push_back(entry);
  } else if (heap_[at] < entry) {
    sink(at, entry);
    return;
  }
  rise(at, entry);
}

void EndQueue::erase(Index flow) {
  if (position_.size() <= flow || position_[flow] == absent) return;
  const std::size_t at = position_[flow];
  const Entry gone = heap_[at], last = heap_.back();
  heap_.pop_back();
  position_[flow] = absent;
  if (at == heap_.size()) return;
  if (last < gone) {
    rise(at, last);
  } else {
    sink(at, last);
  }
}

void EndQueue::rise(std::size_t at, Entry entry) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / arity;
    if (!(entry < heap_[parent])) break;
    place(at, heap_[parent]);
    at = parent;
  }
  place(at, entry);
}

void EndQueue::sink(std::size_t at, Entry entry) {
  while (true) {
    const std::size_t first = at * arity + 1;
    if (first >= heap_.size()) break;
    const std::size_t last = std::min(first + arity, heap_.size());
    std::size_t least = first;
    for (std::size_t child = first + 1; child < last; ++child) {
      if (heap_[child] < heap_[least]) least = child;
    }
    if (!(heap_[least] < entry)) break;
    place(at, heap_[least]);
    at = least;
  }
  place(at, entry);
}

}  // namespace aifsim::engine
