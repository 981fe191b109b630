// Where flows go when the network changes under them.
#pragma once

#include <cstdint>
#include <span>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "task/task_graph.hpp"

namespace aifsim::task {

// Asked by an executor; never acts.
class Rerouter {
 public:
  struct Way {
    std::uint32_t version = 0;         // two answers of one version are the same way
    std::span<const ChannelUse> path;  // lives as long as the rerouter
    Seconds latency;                   // before the first byte on it
    bool open = true;                  // false: nothing moves before the executor asks again
  };
  virtual ~Rerouter() = default;
  // Of a flow that starts now.
  virtual Way first_way(const TaskGraph& graph, TaskId flow) = 0;
  // Of a flow that is on `version`: that same version where it may stay.
  virtual Way next_way(const TaskGraph& graph, TaskId flow, std::uint32_t version) = 0;
};

}  // namespace aifsim::task
