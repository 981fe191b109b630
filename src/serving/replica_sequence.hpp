// A request inside a replica.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "serving/kv_cache.hpp"
#include "serving/replica.hpp"

namespace aifsim::serving {

using SequenceIndex = std::uint32_t;
inline constexpr SequenceIndex no_sequence = ~SequenceIndex{0};

enum class SequenceState {
  absent,
  incoming,    // on its way through HTTP and tokeniser
  waiting,     // in the queue, holds nothing
  fetching,    // has cache; its content, or its adapter, is on its way
  ready,       // has cache and content, waits for a place in the batch
  prefilling,  // runs
  decoding,    // runs
  held,        // Role::prefill: done, its cache is being read
  reserved,    // Role::decode: its cache is being written
};

struct Sequence {
  Ticket ticket;
  std::vector<PrefixPiece> pieces;
  CacheHolding holding;
  SequenceState state = SequenceState::absent;
  std::uint32_t group = 0;
  SequenceIndex older = no_sequence, newer = no_sequence;  // among the group's running ones, by joining
  std::uint64_t version = 0;                               // an entry in the queue of ends that has another one is void
  int target = 0;             // tokens whose keys and values must be cached before it can decode
  int computed = 0;           // of them, cached
  int images_settled = 0;     // of its prompt, from the first: encoded, or found in the cache
  int generated = 0;          // tokens made; while it decodes, when it began to
  std::int64_t begun = 0;     // decode iteration in which it began to decode
  CacheUnits promised = 0;    // of cache if its answer gets as long as it may
  std::int64_t expected = 0;  // quanta of output that schedulers reckon with, when it joined
  Seconds asked;              // when its fetch began
  bool scheduled = false, swapped = false;
  std::int64_t place = 0;              // in the queue, among those that wait
  bool lacks_adapter = false;          // it uses a slot whose adapter is on its way
  std::optional<Seconds> passed_over;  // when it first was, for its adapter had no slot
  std::optional<Seconds> cache_there;  // since when, while its adapter alone is missing
};

// Sequences at places of their own, reused.
class SequenceTable {
 public:
  [[nodiscard]] SequenceIndex add() {
    if (free_.empty()) {
      free_.push_back(static_cast<SequenceIndex>(sequences_.size()));
      sequences_.emplace_back();
    }
    const SequenceIndex index = free_.back();
    free_.pop_back();
    return index;
  }
  // Keeps the memory of its vectors.
  void remove(SequenceIndex index) {
    Sequence& sequence = sequences_[index];
    Sequence fresh;
    fresh.version = sequence.version + 1;
    fresh.pieces.swap(sequence.pieces);
    fresh.pieces.clear();
    fresh.holding.pieces.swap(sequence.holding.pieces);
    fresh.holding.pieces.clear();
    sequence = std::move(fresh);
    sequence.state = SequenceState::absent;
    free_.push_back(index);
  }
  template <typename Visit>
  void for_each(Visit visit) {
    for (SequenceIndex index = 0; index < sequences_.size(); ++index) {
      if (sequences_[index].state != SequenceState::absent) visit(index);
    }
  }
  Sequence& operator[](SequenceIndex index) { return sequences_[index]; }
  const Sequence& operator[](SequenceIndex index) const { return sequences_[index]; }
  [[nodiscard]] bool empty() const { return free_.size() == sequences_.size(); }

 private:
  std::deque<Sequence> sequences_;
  std::vector<SequenceIndex> free_;
};

}  // namespace aifsim::serving
