// What replicas that start read over the fabric: container images and weights.
#pragma once

#include <cstdint>
#include <functional>

#include "serving/kv_tier_traffic.hpp"
#include "serving/start_up.hpp"

namespace aifsim::serving {

struct Deployment;

// Weights come from the drives of the engine's nodes, or from the platform's shared storage, to its GPUs; images from
// shared storage to the hosts (assumed: that is where a registry in the cluster keeps them), no faster than the plan's
// `registry`, which is the node's own unpacking. Replicas that start at the same time read at the same time.
class StartUpTraffic {
 public:
  // Both must outlive it.
  StartUpTraffic(const Deployment& deployment, task::Executor& clock);

  // Is this phase of this replica's start-up a movement? If not, it takes what the plan says.
  [[nodiscard]] bool moves(std::uint32_t replica, StartPhase::Kind phase) const;
  void move(std::uint32_t replica, StartPhase::Kind phase, std::function<void()> done);
  [[nodiscard]] Seconds alone(std::uint32_t replica, StartPhase::Kind phase) const;

  void watch(FlightWatcher& watcher) {
    weights_.watch(watcher);
    images_.watch(watcher);
  }

 private:
  struct Load {
    KvWay way;
    Bytes bytes;
  };
  [[nodiscard]] Load load(std::uint32_t replica, StartPhase::Kind phase) const;
  [[nodiscard]] bool everywhere(std::uint32_t replica, topology::DataPlace place) const;
  [[nodiscard]] topology::DataPlace source(std::uint32_t replica) const;

  const Deployment& deployment_;
  KvTierTraffic weights_, images_;
};

}  // namespace aifsim::serving
