// Where a job keeps KV blocks beside HBM, as its workload file says. Plain, valid data.
#pragma once

#include <vector>

#include "config/node.hpp"
#include "hardware/platform.hpp"
#include "topology/storage.hpp"

namespace aifsim::serving {

enum class KvEviction {
  lru,  // the piece that was not used for the longest time
  lfu   // the one used least often since it came, of those the longest unused
};
enum class KvWrite {
  through,  // a piece goes to the tier as soon as it is computed
  back      // it goes there when the tier above evicts it
};

struct KvTierOptions {
  topology::DataPlace place = topology::DataPlace::host;
  Bytes capacity;            // of a node (or replica); of all for the network tier; 0 = what the platform has
  bool per_replica = false;  // host and NVMe: each replica has one of its own, instead of one for all on a node
  KvEviction eviction = KvEviction::lru;
  KvWrite write = KvWrite::through;
  double efficiency = 1;  // of the path's bandwidth that the engine's copies reach
};

struct KvTierPlan {
  enum class Fetch {
    faster,  // as many leading pieces as save most time over computing them again
    always   // all that is there
  };
  std::vector<KvTierOptions> tiers;  // from the fastest down
  Fetch fetch = Fetch::faster;
  bool prefetch = false;  // to host memory while the request waits
  // assumed: pinned memory in which one engine's writes to one tier wait; what finds it full is not written. 16 GB is
  // a third of a second of PCIe.
  Bytes staging = units::GB * 16;
  [[nodiscard]] bool used() const { return !tiers.empty(); }
};

// Reads `kv_tiers:`: a list of tiers, or a map of `tiers` and policies. Without a platform (nullptr) the file alone is
// checked.
[[nodiscard]] KvTierPlan read_kv_tiers(const config::Node& node, const hardware::Platform* platform);

}  // namespace aifsim::serving
