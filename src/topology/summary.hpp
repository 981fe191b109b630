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

// Where data can be kept outside the GPUs, or what it passes on its way there; all of one kind together.
struct StorageCount {
  std::string kind;       // host-memory, local-drives, dpu, storage-nic, shared-storage
  std::string name;       // of the part; empty where it has none
  std::string node_type;  // that it sits in; empty for shared storage
  std::size_t count = 0;
  Bytes capacity;              // 0: it only passes data on
  BytesPerSecond read, write;  // memory: either, both together
  Seconds latency;             // of a read; 0 = not known, or none to speak of
};
// A node type's DPUs are there with or without shared storage; storage NICs only for its sake.
[[nodiscard]] std::vector<StorageCount> count_storage(const hardware::Platform& platform);

// All that stands in a network apart from the nodes, NICs and NVLink included in them.
struct Inventory {
  std::vector<std::pair<std::string, std::size_t>> devices;  // physical, by kind
  std::vector<SwitchCount> switches;
  std::vector<CableCount> cables;
  std::vector<StorageCount> storage;  // in the nodes' price and power, or in none
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
