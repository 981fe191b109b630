// What a service moves over the fabric, while it is under way: one small task graph for each movement.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "task/executor.hpp"

namespace aifsim::serving {

// Who wants to know when a flow's first byte leaves and its last one has arrived. Called while the executor starts and
// ends tasks: it only takes notes.
class FlightWatcher {
 public:
  virtual ~FlightWatcher() = default;
  [[nodiscard]] virtual bool concerns(std::span<const ChannelUse> path) const = 0;
  // Returns the number by which it is told of the end. The label outlives it.
  virtual std::uint32_t began(std::span<const ChannelUse> path, BytesPerSecond rate_limit,
                              const std::string& label) = 0;
  virtual void ended(std::uint32_t movement) = 0;
};

class Flights {
 public:
  struct Flow {
    std::vector<ChannelUse> path;
    Bytes bytes;
    Seconds latency;            // before the first byte
    BytesPerSecond rate_limit;  // its own; 0: none
  };
  // `label`: of the flows.
  Flights(task::Executor& clock, std::string label);
  Flights(const Flights&) = delete;
  Flights& operator=(const Flights&) = delete;
  ~Flights();

  void watch(FlightWatcher& watcher) { watcher_ = &watcher; }  // must outlive what is sent from now on
  // Calls back when the last byte of all flows is there.
  void send(std::span<const Flow> flows, std::function<void()> done);

  // For which channel, for how long in all, flows waited most.
  [[nodiscard]] const std::map<ChannelId, Seconds>& bound() const { return bound_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  struct Flight;
  task::Executor& clock_;
  std::string label_;
  FlightWatcher* watcher_ = nullptr;
  std::map<std::uint64_t, std::unique_ptr<Flight>> flights_;
  std::map<ChannelId, Seconds> bound_;
  std::uint64_t count_ = 0;
};

}  // namespace aifsim::serving
