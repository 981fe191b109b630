// Requests passed over because their LoRA adapter has no slot: those behind them may join, as in vLLM, and they keep
// their place for when it has one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "serving/adapter_slots.hpp"
#include "serving/replica_sequence.hpp"

namespace aifsim::serving {

class AdapterQueue {
 public:
  // Its place in the queue, and the request.
  using Place = std::pair<std::int64_t, SequenceIndex>;

  [[nodiscard]] std::size_t size() const { return size_; }
  void add(std::uint32_t adapter, Place place);
  // The first of all whose adapter has a slot or can get one.
  [[nodiscard]] std::optional<Place> first(const AdapterSlots& slots) const;
  void remove(std::uint32_t adapter, Place place);
  // Somebody began to use the adapter, or nobody does any more.
  void use_changed(std::uint32_t adapter, bool in_use);
  void clear() { *this = {}; }

 private:
  struct Line {
    std::set<Place> places;
    bool in_use = false;
  };
  [[nodiscard]] std::set<Place>& heads(const Line& line) { return line.in_use ? heads_in_use_ : heads_; }
  std::unordered_map<std::uint32_t, Line> lines_;  // by adapter; none is empty
  std::set<Place> heads_, heads_in_use_;           // the first of each line
  std::size_t size_ = 0;
};

}  // namespace aifsim::serving
