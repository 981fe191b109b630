// What fills the memory of a GPU.
#pragma once

#include <string>
#include <vector>

#include "base/quantity.hpp"

namespace aifsim::metrics {

struct MemoryClass {
  std::string name;  // "weights", "gradients", "optimizer", "activations", …
  Bytes bytes;
};

// Of the GPU that needs most.
struct MemoryReport {
  std::vector<MemoryClass> classes;
  Bytes capacity;
  [[nodiscard]] Bytes used() const {
    Bytes sum;
    for (const MemoryClass& entry : classes) sum += entry.bytes;
    return sum;
  }
};

}  // namespace aifsim::metrics
