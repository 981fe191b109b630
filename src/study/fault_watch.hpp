// Mid-run faults as a running job meets them: channels die and return, flows wait until the death is known, then go
// where the routing leads them, or the job fails.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hardware/platform.hpp"
#include "task/executor.hpp"
#include "topology/faults.hpp"

namespace aifsim::study {

// The ways of a graph's flows in each state of the network: state 0 is before the first change, state i after the i-th.
class Ways {
 public:
  struct Way {
    std::span<const ChannelUse> path;  // lives as long as this
    Seconds latency;                   // of a flow that changes to it
  };
  virtual ~Ways() = default;
  // Does the flow, or what it stands for, cross one of these (by channel) on its way of that state?
  virtual bool crosses(std::size_t state, PathId path, const std::vector<bool>& channels) = 0;
  // ConfigError where no way is left.
  virtual Way way(std::size_t state, PathId path) = 0;
  // `channels` of crosses() are others from now on.
  virtual void forget() {}
};

// Thrown out of the executor's run: nobody can help the job.
struct JobFailure {
  Seconds at;              // since the run began
  std::size_t change = 0;  // the last one
  std::string why;
};

// What one change did.
struct FaultEffect {
  std::size_t waited = 0;              // flows that the dead part held
  std::size_t rerouted = 0;            // flows that took another way, these included
  std::string flow;                    // the label of the first of them
  std::vector<ChannelId> left, taken;  // channels of its way that it left, and took for them
};

class FaultWatch final : public task::Rerouter {
 public:
  using Member = std::function<bool(DeviceId gpu)>;  // is it one of the job's?
  // Told of a flow that has no way left, which then ends where it is. Without it the job fails.
  using Loss = std::function<void(const task::TaskGraph& graph, TaskId flow, const std::string& why)>;
  FaultWatch(const hardware::Platform& platform, const topology::Topology& start,
             const std::vector<topology::NetworkChange>& changes, Ways& ways, task::Executor& executor, Member member,
             Loss loss = {});

  // For each graph that is executed whole: the executor's clock shows `now` of the run, and the graph's own paths are
  // those of settled_state(). Changes happen until end().
  void begin(Seconds now);
  void end();

  [[nodiscard]] std::size_t state() const { return state_; }  // changes that have happened
  // The last one whose ways are in use: routing does not know of the later ones yet.
  [[nodiscard]] std::size_t settled_state() const { return settled_; }
  [[nodiscard]] bool pending() const { return pending_; }
  void settle();  // at once: nobody is hit, so that nobody needs to know
  [[nodiscard]] const std::vector<bool>& down() const { return down_; }
  [[nodiscard]] const std::vector<FaultEffect>& effects() const { return effects_; }  // by change

  Way first_way(const task::TaskGraph& graph, TaskId flow) override;
  Way next_way(const task::TaskGraph& graph, TaskId flow, std::uint32_t version) override;

 private:
  [[nodiscard]] const topology::Topology& network() const {
    return state_ == 0 ? start_ : changes_[state_ - 1].topology;
  }
  void schedule_change();
  void schedule_knowledge();
  void change();
  void fail_with_gpus(const topology::NetworkChange& change) const;
  void follow_network();
  Way wait(std::size_t version);
  Way take_settled(const task::TaskGraph& graph, TaskId flow, std::optional<Seconds> latency);
  void note_detour(const task::TaskGraph& graph, TaskId flow, std::span<const ChannelUse> taken);
  Way give_up(const task::TaskGraph& graph, TaskId flow, const std::string& why) const;

  const hardware::Platform& platform_;
  const topology::Topology& start_;
  const std::vector<topology::NetworkChange>& changes_;
  Ways& ways_;
  task::Executor& executor_;
  Member member_;
  Loss loss_;
  std::size_t state_ = 0, settled_ = 0, base_ = 0;  // base: whose ways the graph's own paths are
  bool pending_ = false, active_ = false;
  Seconds known_at_, offset_;
  std::vector<bool> down_;                // by channel
  std::vector<BytesPerSecond> capacity_;  // by channel, as the executor has it
  std::vector<FaultEffect> effects_;
};

}  // namespace aifsim::study
