// SimGrid's own network model, the reference: a channel is a link, a flow is a communication.
//
// A flow that takes m of a channel for each unit of its rate crosses that link m times: SimGrid sums the crossings,
// which is what m identical flows would take, for m different on every channel too. Multiplicities are written as
// integers times one factor (7.5 and 5: 3 and 2 times 2.5). SimGrid shares by the communication's own rate v, with the
// flow's rate r = v / factor; its rate factor and its share make up for that, so that all flows stay equal in r.
//
// SimGrid takes a link without bandwidth for one that limits nobody, so a dead channel keeps next to nothing of it: a
// flow that ends on it, weeks later, has stalled. (Suspended instead, actions resume at wrong rates in SimGrid 3.32.)
#pragma once

#include <vector>

#include "engine/flow_network.hpp"
#include "engine/simgrid_session.hpp"

namespace aifsim::engine {

class SimgridNetwork final : public FlowNetwork {
 public:
  SimgridNetwork(std::vector<double> channel_capacity, FlowEnd flow_end);
  ~SimgridNetwork() override;

  std::uint32_t start(const Flow& flow, double now) override;
  double stop(std::uint32_t number, double now) override;
  [[nodiscard]] double next_end(double now) override;
  void advance(double now) override;
  void set_capacity(ChannelId channel, double capacity, double now) override;
  [[nodiscard]] std::vector<Stalled> stalled() const override { return stalled_; }

 private:
  struct Crossings {
    double factor = 1.0;
    std::vector<int> count;  // by position on the path
  };
  static Crossings crossings_of(std::span<const ChannelUse> path);
  // Where the flow would be slowest alone: SimGrid does not say which link bounds a communication.
  [[nodiscard]] ChannelId lone_bound(const Flow& flow) const;
  simgrid::s4u::Link* link_of(ChannelId channel);

  std::vector<double> capacity_;
  FlowEnd flow_end_;
  ActivityTable activities_;
  simgrid::kernel::resource::Model& network_model_;
  simgrid::s4u::Host* source_;
  simgrid::s4u::Host* destination_;
  std::vector<simgrid::s4u::Link*> links_;  // by ChannelId, once used
  struct Moving {
    task::RunningTask task;
    ChannelId bound;
    std::span<const ChannelUse> path;
  };
  void ended(const Moving& flow);

  std::vector<Moving> moving_;  // by number in activities_
  std::vector<Stalled> stalled_;
};

}  // namespace aifsim::engine
