// Max-min fair flows over weighted channel uses, without SimGrid links.
//
// All flows are equal in their own rate r; a flow takes multiplicity * r of each channel on its path, exactly what that
// many identical flows would get. Rates come from progressive filling (Bertsekas and Gallager, Data Networks, 2nd ed.,
// §6.5.2): all rates rise together, and whenever a channel is full or a flow meets its own limit the flows concerned
// stop rising.
//
// An allocation is max-min fair exactly when every flow runs at its own limit or crosses a full channel on which no
// flow is faster (loc. cit., proposition 6.2): a condition each channel can check alone. So after a start or an end
// only the flows bound by the channels concerned, and those bound by the full channels these cross, and so on, are
// filled anew beside the others, which keep their rates. A channel whose check then fails adds its flows and the
// filling is repeated; when all checks hold, the rates are those that filling everything would give.
//
// Remaining bytes are brought up to date when a flow's rate changes, not at every event.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/end_queue.hpp"
#include "engine/flow_network.hpp"

namespace aifsim::engine {

class FluidNetwork final : public FlowNetwork {
 public:
  FluidNetwork(std::vector<double> channel_capacity, FlowEnd flow_end);

  std::uint32_t start(const Flow& flow, double now) override;
  double stop(std::uint32_t number, double now) override;
  [[nodiscard]] double next_end(double now) override;
  void advance(double now) override;
  void set_capacity(ChannelId channel, double capacity, double now) override;
  [[nodiscard]] std::vector<Stalled> stalled() const override;

  // What a law test needs to check the allocation.
  struct Allocation {
    std::span<const ChannelUse> path;
    double rate = 0.0, rate_limit = 0.0;
  };
  [[nodiscard]] std::vector<Allocation> allocations() const;
  [[nodiscard]] double capacity(ChannelId channel) const { return capacity_[channel.index()]; }

 private:
  using Index = EndQueue::Index;
  static constexpr Index none = ~Index{0};

  struct FlowState {
    std::span<const ChannelUse> path;
    double remaining = 0.0, rate = 0.0, rate_limit = 0.0;
    double updated = 0.0;         // when `remaining` was right
    double own_limit_time = 0.0;  // bound by rate_limit
    double new_rate = 0.0;        // the filling's, not yet applied
    task::RunningTask task;
    Index first_use = none;                // its uses are [first_use, first_use + path.size())
    Index bound = none, new_bound = none;  // the use that limits it; none: its rate_limit
    std::uint32_t moving = 0;              // the solve that fills it anew
    bool active = false, fixed = false;
  };
  // One flow on one channel; uses of a channel form a doubly linked list.
  struct Use {
    Index flow = none, channel = none, previous = none, next = none;
    double multiplicity = 0.0;
    double bound_time = 0.0;
  };
  // A channel that has carried something.
  struct ChannelState {
    double capacity = 0.0;
    Index first_use = none;
    Index bound_count = 0;      // flows it binds
    std::uint32_t entered = 0;  // the solve that looks at it
    // While filling:
    double free = 0.0, load = 0.0;  // not given away yet, and what each unit of rate takes
    Index rising = 0;               // uses whose flows are not fixed
    bool binds = false;             // a flow that is filled anew
    double top = 0.0;               // the fastest of these
    double kept_bound = 0.0;        // the fastest of the flows that keep their rates and that it binds; < 0: none
    double kept_top = 0.0;          // the fastest of the flows that keep their rates
  };
  struct Level {
    double share;
    Index channel;
    bool operator<(const Level& other) const {
      return share != other.share ? share > other.share : channel > other.channel;
    }
  };

  Index local_channel(ChannelId channel);
  Index take_uses(std::size_t count);
  void link(Index flow);
  void unlink(Index flow);
  void accrue(FlowState& flow, double now);
  ChannelId longest_bound(const FlowState& flow) const;
  void end(Index flow, double now);
  void take_out(Index flow);

  void solve(double now);
  void begin_solve();
  void move(Index flow);
  void move_all_of(Index channel);
  void move_bound_of(Index channel);
  void move_faster_than(Index channel, double rate);
  void spread();
  void move_everything();
  [[nodiscard]] bool widen();

  void fill();
  void prepare_channels();
  void prepare(Index channel);
  void prepare_limits();
  [[nodiscard]] Level next_level();
  void saturate(Level level, std::size_t& rising);
  void fix(Index flow, double rate, Index bound);
  void apply(double now);

  std::vector<double> capacity_;  // by ChannelId
  std::vector<Index> local_;      // by ChannelId: index in channels_ once used
  FlowEnd flow_end_;
  std::vector<ChannelState> channels_;
  std::vector<FlowState> flows_;
  std::vector<Index> free_flows_;
  std::vector<Use> uses_;
  std::vector<std::vector<Index>> free_uses_;  // by path length
  EndQueue ends_;
  std::size_t active_ = 0;
  std::vector<Index> touched_channels_, changed_channels_, touched_flows_;  // since the last solve
  std::vector<Index> moving_, region_;                                      // flows being filled, their channels
  std::size_t spread_ = 0;                                                  // of `moving_`, those spread from
  std::vector<Index> limited_;  // of the moving, those with a rate_limit, lowest first
  std::vector<Level> levels_;   // a heap of channels by fair share
  double water_level_ = 0.0;    // what the rates of flows still rising have reached
  std::uint32_t epoch_ = 0;
};

}  // namespace aifsim::engine
