// How flows share channels: one interface, two implementations (fluid_network, simgrid_network).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "task/task_runner.hpp"

namespace aifsim::engine {

inline constexpr double never = std::numeric_limits<double>::infinity();

class FlowNetwork {
 public:
  // Called when a flow's last byte has moved, with the channel that limited it for the longest time.
  using FlowEnd = std::function<void(task::RunningTask flow, ChannelId bound)>;

  struct Flow {
    task::RunningTask task;
    std::span<const ChannelUse> path;  // must live until the flow has ended
    double bytes = 0.0;
    double rate_limit = 0.0;  // 0 = none
  };

  virtual ~FlowNetwork() = default;
  // Returns the flow's number, its own until it has ended.
  virtual std::uint32_t start(const Flow& flow, double now) = 0;
  // Takes a flow out that has not ended; returns the bytes it still had to move.
  virtual double stop(std::uint32_t number, double now) = 0;
  // When the next flow ends if nothing else starts; `never` if SimGrid itself wakes us.
  [[nodiscard]] virtual double next_end(double now) = 0;
  // Ends what is due.
  virtual void advance(double now) = 0;
  // From now on. Flows on a channel of no capacity stall until it has some again.
  virtual void set_capacity(ChannelId channel, double capacity, double now) = 0;
  // Flows that will not move again unless a channel changes, and the channel that holds each.
  struct Stalled {
    task::RunningTask task;
    ChannelId channel;
  };
  [[nodiscard]] virtual std::vector<Stalled> stalled() const = 0;
};

}  // namespace aifsim::engine
