// Where a LoRA adapter comes from that an engine has not in HBM. The replica asks, the source moves.
#pragma once

#include <cstdint>
#include <functional>

namespace aifsim::serving {

class AdapterSource {
 public:
  virtual ~AdapterSource() = default;
  // Brings it to every GPU of the replica's engine, into a slot of its own; calls `done` when it is there, at that
  // time, and never before load() has returned.
  virtual void load(std::uint32_t replica, std::uint32_t adapter, std::function<void()> done) = 0;
  // A request uses it that is in HBM already: what is asked for often is worth keeping below, too.
  virtual void used(std::uint32_t /*replica*/, std::uint32_t /*adapter*/) {}
};

}  // namespace aifsim::serving
