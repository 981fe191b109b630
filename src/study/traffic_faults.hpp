// Parts of the network that die and return while messages and collectives are under way.
#pragma once

#include <map>
#include <set>

#include "study/fault_watch.hpp"
#include "study/traffic_graph.hpp"

namespace aifsim::study {

// The way of each flow in each state of the network: a message's as the routing leads it, a collective's as its plan
// has it there.
class TrafficWays final : public Ways {
 public:
  TrafficWays(const std::vector<Transfer>& transfers, const TrafficGraph& graph, const hardware::Platform& platform,
              const topology::Topology& start, const std::vector<topology::NetworkChange>& changes);

  bool crosses(std::size_t state, PathId path, const std::vector<bool>& channels) override;
  Way way(std::size_t state, PathId path) override;
  // Nothing of a collective that has lost a flow goes on: it has no way in any later state.
  void lose(std::size_t transfer) { lost_.insert(transfer); }

 private:
  using Key = std::pair<std::size_t, std::size_t>;  // state, message or transfer
  [[nodiscard]] const topology::Topology& network(std::size_t state) const {
    return state == 0 ? start_ : changes_[state - 1].topology;
  }
  const std::vector<ChannelUse>& message_in(std::size_t state, const TrafficGraph::Origin& origin);
  const collective::PhaseFlow& flow_in(std::size_t state, const TrafficGraph::Origin& origin);

  const std::vector<Transfer>& transfers_;
  const TrafficGraph& graph_;
  const hardware::Platform& platform_;
  const topology::Topology& start_;
  const std::vector<topology::NetworkChange>& changes_;
  std::map<Key, std::vector<ChannelUse>> messages_;
  std::map<Key, collective::CollectivePlan> plans_;
  std::set<std::size_t> lost_;
};

// Watches one run of traffic, from time 0 of the executor's clock.
class TrafficFaults {
 public:
  TrafficFaults(const std::vector<Transfer>& transfers, const TrafficGraph& graph, const hardware::Platform& platform,
                const topology::Topology& topology, const std::vector<topology::NetworkChange>& changes,
                task::Executor& executor);
  void begin() { watch_.begin({}); }
  void end() { watch_.end(); }

  [[nodiscard]] bool lost(TaskId flow) const { return lost_flows_.contains(flow); }
  [[nodiscard]] bool lost(std::size_t transfer) const { return lost_transfers_.contains(transfer); }
  [[nodiscard]] std::vector<TrafficFault> tell() const;

 private:
  void lose(const task::TaskGraph& graph, TaskId flow, const std::string& why);
  [[nodiscard]] std::string name_of(const Transfer& transfer) const;
  [[nodiscard]] std::string detail(std::size_t change) const;

  const std::vector<Transfer>& transfers_;
  const TrafficGraph& graph_;
  const hardware::Platform& platform_;
  const topology::Topology& topology_;
  const std::vector<topology::NetworkChange>& changes_;
  TrafficWays ways_;
  FaultWatch watch_;
  struct Losses {
    std::size_t flows = 0;
    std::string first;  // and why
  };
  std::vector<Losses> losses_;  // by change
  std::set<TaskId> lost_flows_;
  std::set<std::size_t> lost_transfers_;
};

}  // namespace aifsim::study
