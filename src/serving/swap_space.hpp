// Host memory to which a replica moves the caches of sequences that it preempts.
#pragma once

#include <cstdint>
#include <functional>

#include "base/quantity.hpp"

namespace aifsim::serving {

class SwapSpace {
 public:
  virtual ~SwapSpace() = default;
  enum class Direction { out, in };
  // `bytes` of each GPU of the attention group. Calls back when the last one is there, never before move() has
  // returned.
  virtual void move(std::uint32_t replica, std::uint32_t group, Direction direction, Bytes bytes,
                    std::function<void()> done) = 0;
};

}  // namespace aifsim::serving
