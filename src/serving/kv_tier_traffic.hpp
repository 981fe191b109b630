// Movements of KV blocks between HBM and the tiers below it, as flows on the fabric.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "serving/flights.hpp"
#include "task/executor.hpp"
#include "topology/fabric.hpp"
#include "topology/storage.hpp"

namespace aifsim::serving {

// How one attention group's blocks go from one place to another. Its GPUs move their parts at the same time over links
// of their own, so one of each node stands for all on that node.
struct KvWay {
  struct Flow {
    std::vector<ChannelUse> path;
    double share = 0;  // of the blocks' bytes, what the one simulated flow carries
    Seconds latency;
    BytesPerSecond rate_limit;  // of the one simulated flow; 0: none
  };
  std::vector<Flow> flows;
  // With nobody else on the way.
  [[nodiscard]] Seconds time(Bytes bytes) const { return latency + bytes / rate; }
  Seconds latency;
  BytesPerSecond rate;
};

struct KvWayEnds {
  topology::DataPlace from, to;
};
// `held`: what one GPU has of the group's blocks (more than its share where GPUs hold copies). Blocks are read and
// written once below HBM. `efficiency` of the path's bandwidth is what the engine's copies reach.
[[nodiscard]] KvWay kv_way(const topology::Topology& topology, const std::vector<DeviceId>& gpus, KvWayEnds ends,
                           double held, double efficiency);

class KvTierTraffic {
 public:
  explicit KvTierTraffic(task::Executor& clock, std::string label = "kv tier");

  void watch(FlightWatcher& watcher) { flights_.watch(watcher); }
  // Calls back when the last byte is there.
  void move(const KvWay& way, Bytes bytes, std::function<void()> done);
  // For which channel, for how long in all, movements into HBM waited most.
  [[nodiscard]] const std::map<ChannelId, Seconds>& bound() const { return flights_.bound(); }

 private:
  Flights flights_;
};

}  // namespace aifsim::serving
