// Messages and collectives as the flows that are simulated.
#pragma once

#include <span>
#include <vector>

#include "study/traffic.hpp"
#include "study/traffic_classes.hpp"
#include "task/task_graph.hpp"

namespace aifsim::study {

[[nodiscard]] inline bool is_message(const Transfer& transfer) {
  return transfer.operation == collective::Operation::send_receive && transfer.group.size() == 2;
}
[[nodiscard]] collective::CollectivePlan plan_of(const Transfer& transfer, const hardware::Platform& platform,
                                                 const topology::Topology& topology);

// Before the first byte of a message; of channels that share a flow, their part.
[[nodiscard]] Seconds latency_of(std::span<const ChannelUse> path, const topology::Fabric& fabric);

class TrafficGraph {
 public:
  TrafficGraph(const hardware::Platform& platform, const topology::Topology& topology)
      : platform_(platform), topology_(topology), carried_(topology.fabric.channels().size(), 0.0) {}

  void add(const std::vector<Transfer>& transfers, bool fold);

  task::TaskGraph graph;
  [[nodiscard]] std::size_t flows_like(std::size_t task) const { return flows_like_[task]; }  // 0: it is none
  [[nodiscard]] Bytes carried(std::size_t channel) const { return carried_[like_[channel].index()] * units::B; }

  // What a flow's way follows from, in any state of the network.
  struct Origin {
    std::size_t transfer = 0;
    std::size_t message = 0;          // its number among the messages
    std::size_t phase = 0, flow = 0;  // of a collective's plan
  };
  [[nodiscard]] const Origin& origin(PathId path) const { return origins_[path.index()]; }

 private:
  void route(const Transfer& transfer, std::size_t index);
  void add_message(std::size_t message, const FlowClass& flows, LabelId label);
  void add_collective(const Transfer& transfer, std::size_t index);
  TaskId add_to_graph(const task::TaskGraph::Flow& flow, const std::vector<ChannelUse>& path, std::size_t flows,
                      LabelId label, std::span<const TaskId> after);
  [[nodiscard]] PathId path(const std::vector<ChannelUse>& channels, const Origin& origin);

  const hardware::Platform& platform_;
  const topology::Topology& topology_;
  std::vector<ChannelUse> uses_;
  std::vector<LoneFlow> messages_;
  std::vector<std::size_t> transfer_of_;  // by message
  std::vector<Origin> origins_;           // by path
  std::vector<std::size_t> flows_like_;   // by task
  std::vector<double> carried_;           // bytes by channel that stands for others
  std::vector<ChannelId> like_;
};

}  // namespace aifsim::study
