// How many sequences of a batch have which LoRA adapter.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace aifsim::serving {

class AdapterTally {
 public:
  // 0 is none, and does not count.
  void add(std::uint32_t adapter) {
    if (adapter == 0) return;
    ++sequences_;
    ++by_adapter_[adapter];
  }
  void remove(std::uint32_t adapter) {
    if (adapter == 0) return;
    --sequences_;
    if (--by_adapter_.at(adapter) == 0) by_adapter_.erase(adapter);
  }
  [[nodiscard]] bool contains(std::uint32_t adapter) const { return by_adapter_.contains(adapter); }
  [[nodiscard]] int sequences() const { return sequences_; }
  [[nodiscard]] int different() const { return static_cast<int>(by_adapter_.size()); }

 private:
  std::unordered_map<std::uint32_t, int> by_adapter_;
  int sequences_ = 0;
};

}  // namespace aifsim::serving
