// What a replica asks about channels that its exchanges share with what the service moves.
#pragma once

#include <cstdint>

#include "model/inference.hpp"

namespace aifsim::serving {

class SharedChannels {
 public:
  virtual ~SharedChannels() = default;
  // Does anything move over channels of its exchanges?
  [[nodiscard]] virtual bool shared(std::uint32_t replica) const = 0;
  // It works on iterations of this batch from now on, which take so long alone. How many times as long does each take?
  virtual double works(std::uint32_t replica, const model::Batch& batch, Seconds alone) = 0;
  virtual void rests(std::uint32_t replica) = 0;
};

}  // namespace aifsim::serving
