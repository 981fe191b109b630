// What a planner asks of a network before any job runs on it: parts, power, price, distances, bottlenecks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "topology/fabric.hpp"

namespace aifsim::topology {

struct SwitchCount {
  std::string tier;  // leaf, spine, core, nvswitch, ocs
  std::string name;
  std::size_t count = 0;
  int ports = 0;  // of one, at the cables' rate; 0 = not known
};

struct CableCount {
  std::string tier;  // of its upper end; "host" for links inside a node
  std::string medium;
  std::size_t count = 0;
  double metres = 0;  // by the layout; 0 inside a node or rack
};

// All that stands in a network apart from the nodes, NICs and NVLink included in them.
struct Inventory {
  std::vector<std::pair<std::string, std::size_t>> devices;  // physical, by kind
  std::vector<SwitchCount> switches;
  std::vector<CableCount> cables;
  double transceivers = 0, lasers = 0;
  Watts power;
  Usd capex;
  double link_failures_per_day = 0;
  std::vector<std::string> unknown;  // parts that a sum above leaves out, with what is not known of them
};
[[nodiscard]] Inventory take_inventory(const hardware::Platform& platform, const Topology& topology);

// What lies on the paths between GPUs, when everyone sends the same amount to everyone else.
struct HotChannel {
  ChannelId channel;
  double load = 0;      // bytes it carries for one byte sent by every GPU
  BytesPerSecond rate;  // of one GPU, when this channel alone holds it back
};
struct PathStatistics {
  std::size_t diameter_hops = 0;
  double mean_hops = 0;
  std::size_t path_diversity = 1;  // between the two GPUs farthest apart
  std::size_t pairs = 0;           // looked at
  bool sampled = false;
  std::vector<HotChannel> hottest;  // the slowest first, one of each class (kinds at its ends)
};
[[nodiscard]] PathStatistics walk_all_to_all(const Topology& topology);

// Max-flow from one half of the cluster to the other, over the number of GPUs in the smaller half.
[[nodiscard]] BytesPerSecond bisection_per_gpu(const Topology& topology);

}  // namespace aifsim::topology
