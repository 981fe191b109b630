// Caches of preempted sequences on their way between GPUs and the memory of their hosts, as flows on the fabric.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "serving/kv_tier_traffic.hpp"
#include "serving/service.hpp"
#include "serving/swap_space.hpp"

namespace aifsim::serving {

class KvSwaps final : public SwapSpace {
 public:
  // Both must outlive it.
  KvSwaps(const Deployment& deployment, task::Executor& clock);

  // Does this replica swap, and are its hosts' memories on the fabric?
  [[nodiscard]] bool serves(std::uint32_t replica) const;
  void move(std::uint32_t replica, std::uint32_t group, Direction direction, Bytes bytes,
            std::function<void()> done) override;

  void watch(FlightWatcher& watcher) { traffic_.watch(watcher); }
  [[nodiscard]] const KvTierTraffic& traffic() const { return traffic_; }

 private:
  const Deployment& deployment_;
  KvTierTraffic traffic_;
  std::map<std::array<std::uint32_t, 3>, KvWay> ways_;  // by replica, group, direction
};

}  // namespace aifsim::serving
