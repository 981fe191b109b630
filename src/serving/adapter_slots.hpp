// Which LoRA adapters an engine has in HBM, and who may have a slot.
//
// An adapter that somebody uses keeps its slot (vLLM: no more different ones than max_loras in a batch). Those that
// nobody uses stay until their slot is wanted; the one unused for the longest time goes first. Each call takes constant
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace aifsim::serving {

class AdapterSlots {
 public:
  explicit AdapterSlots(int slots) : slots_(static_cast<std::size_t>(slots)) {}

  [[nodiscard]] bool used() const { return slots_ > 0; }
  // It has a slot, in which it is or will soon be.
  [[nodiscard]] bool has(std::uint32_t adapter) const { return entries_.contains(adapter); }
  // Somebody uses it.
  [[nodiscard]] bool in_use(std::uint32_t adapter) const;
  // A slot is free, or its adapter in use by nobody.
  [[nodiscard]] bool any_to_give() const { return entries_.size() < slots_ || !idle_.empty(); }
  [[nodiscard]] bool takes(std::uint32_t adapter) const { return has(adapter) || any_to_give(); }

  enum class Content {
    there,
    coming,   // somebody else asked for it
    wanting,  // a load must begin
  };
  // One more uses it; it must be one that takes() allows.
  Content take(std::uint32_t adapter);
  // Of the load that take() wanted last: what to call loaded() with.
  [[nodiscard]] std::uint64_t load() const { return loads_; }
  void give_back(std::uint32_t adapter);
  // False: it has lost its slot meanwhile, to another one or to clear().
  bool loaded(std::uint32_t adapter, std::uint64_t load);
  void clear();

  void check() const;  // the laws of its books

 private:
  struct Entry {
    int users = 0;
    bool there = false;
    std::uint64_t load = 0;
    std::list<std::uint32_t>::iterator place;  // in idle_, while nobody uses it
  };
  std::size_t slots_;
  std::unordered_map<std::uint32_t, Entry> entries_;
  std::list<std::uint32_t> idle_;  // the one unused for the longest time first
  std::uint64_t loads_ = 0;        // so far
};

}  // namespace aifsim::serving
