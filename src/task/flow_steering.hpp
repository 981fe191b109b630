// Flows under way while a Rerouter watches: which way each is on, and what it still has to move. The part of
// rerouting that every executor does alike; moving bytes is the executor's own.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "task/rerouter.hpp"
#include "task/task_runner.hpp"

namespace aifsim::task {

// The version of a way that leads nowhere: the flow ends, and what it has not moved is lost.
inline constexpr std::uint32_t lost_way = 0xffffffff;

class FlowSteering {
 public:
  // Moves bytes.
  class Carrier {
   public:
    virtual ~Carrier() = default;
    virtual void wait(RunningTask flow, Seconds latency) = 0;  // then after_latency()
    // Returns what halt() needs to find the flow again.
    virtual std::uint32_t carry(RunningTask flow, std::span<const ChannelUse> path, Bytes bytes) = 0;
    virtual Bytes halt(RunningTask flow, std::uint32_t carried) = 0;  // what is left to move; no bytes get lost
    virtual void drop(RunningTask flow) = 0;                          // it carries nothing now, and never will
  };

  explicit FlowSteering(Carrier& carrier) : carrier_(carrier) {}

  void watch(Rerouter* rerouter) { rerouter_ = rerouter; }  // null: flows keep to the paths of their graph
  [[nodiscard]] bool active() const { return rerouter_ != nullptr; }
  void launch(RunningTask flow, const TaskGraph& graph);
  void after_latency(RunningTask flow);
  void ended(RunningTask flow) { flows_.erase(key(flow)); }
  void reroute();
  [[nodiscard]] std::vector<RunningTask> held() const;

 private:
  enum class Phase : std::uint8_t { waiting, moving, held };
  struct Flow {
    RunningTask running;
    const TaskGraph* graph = nullptr;
    Rerouter::Way way;
    Bytes remaining;
    std::uint32_t carried = 0;
    Phase phase = Phase::waiting;
  };
  using Key = std::pair<std::uint32_t, TaskId>;
  static Key key(RunningTask flow) { return {flow.slot, flow.task}; }
  static bool lost(const Flow& flow) { return flow.way.version == lost_way; }
  void set_out(Flow& flow);
  void move(Flow& flow);
  void ask_again(Flow& flow);

  Carrier& carrier_;
  Rerouter* rerouter_ = nullptr;
  std::map<Key, Flow> flows_;  // in a fixed order, so that runs repeat
};

}  // namespace aifsim::task
