// Which replicas of a service serve, start, drain or are off, what that costs, and the planners that change it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "serving/planner.hpp"
#include "serving/planner_profile.hpp"
#include "serving/start_up.hpp"
#include "serving/start_up_traffic.hpp"
#include "task/executor.hpp"

namespace aifsim::serving {

struct Deployment;

// The number of replicas of a pool changed, or was decided to.
struct ScaleEvent {
  Seconds when;
  std::size_t pool = 0;
  std::string what;  // "starts", "serves", "drains", "off", "lost"
  std::uint32_t replica = 0;
  int serving = 0;  // of the pool, from now on
};

class Fleet {
 public:
  struct Outlets {
    std::function<void(std::uint32_t)> ready;             // a started replica takes requests from now on
    std::function<void(std::uint32_t)> drain;             // give it none; call drained() when it is empty
    std::function<PoolObservation(std::size_t)> observe;  // a pool, since this was last asked
    std::function<double(std::uint32_t)> load;            // of a replica: the least loaded one drains
    std::function<bool()> over;                           // nothing is left to do and nothing will come
  };
  Fleet(const Deployment& deployment, task::Executor& clock, Outlets outlets);

  void start();  // the planners
  void drained(std::uint32_t replica);
  void lost(std::uint32_t replica, bool restart);

  void watch(FlightWatcher& watcher) { traffic_.watch(watcher); }  // what starting replicas read

  [[nodiscard]] bool serves(std::uint32_t replica) const { return slots_[replica].state == State::serving; }
  [[nodiscard]] int starting(std::size_t pool) const { return count(pool, State::starting); }
  [[nodiscard]] int serving(std::size_t pool) const { return count(pool, State::serving); }
  [[nodiscard]] const StartUp& start_up(std::size_t pool) const { return start_ups_[pool]; }
  [[nodiscard]] const std::vector<ScaleEvent>& events() const { return events_; }
  // Replicas times the time that they held their GPUs, from start-up to the end of draining.
  [[nodiscard]] Seconds held(std::size_t pool, Seconds until) const;

 private:
  enum class State { off, starting, serving, draining, lost };
  struct Slot {
    std::size_t pool = 0;
    State state = State::off;
    Seconds since;            // that it holds its GPUs
    std::uint64_t turns = 0;  // changes so far: a start-up that was cancelled does not end
  };
  [[nodiscard]] int count(std::size_t pool, State state) const;
  void change(std::uint32_t replica, State state, const char* what);
  void begin(std::uint32_t replica);
  void go_on(std::uint32_t replica, std::uint64_t turn, std::size_t phase);  // with the start-up, from this phase on
  void tick(std::size_t pool);
  void grow(std::size_t pool, int by);
  void shrink(std::size_t pool, int by);

  const Deployment& deployment_;
  task::Executor& clock_;
  Outlets outlets_;
  StartUpTraffic traffic_;
  std::vector<Slot> slots_;
  std::vector<StartUp> start_ups_;                        // of each pool
  std::vector<std::unique_ptr<PricedProfile>> profiles_;  // the same; null without a planner
  std::vector<std::unique_ptr<Planner>> planners_;
  std::vector<Seconds> held_;  // by those that hold nothing any more
  std::vector<ScaleEvent> events_;
};

}  // namespace aifsim::serving
