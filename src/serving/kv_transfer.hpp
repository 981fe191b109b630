// KV caches on their way from one engine's GPUs to another's, as flows on the fabric.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "hardware/platform.hpp"
#include "serving/flights.hpp"
#include "task/executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

// What the software that moves caches (NIXL, UCX, Mooncake's engine) leaves of the channels' bandwidth, and needs
// before the first byte.
struct TransferCost {
  double nvlink = 1, network = 1;  // share of NVLink channels, and of all others
  BytesPerSecond nvlink_limit;     // of one GPU, inside a domain; 0 = none
  Seconds nvlink_setup, network_setup;
};
// As NCCL was measured to send between two GPUs of this node's kind, over NVLink and through the NIC
// (platforms/catalog/libraries/nccl.yaml). Assumed: transfer libraries, of which no such measurements are at hand, do
// alike.
[[nodiscard]] TransferCost measured_transfer(const hardware::NodeSpec& node);

class KvTransfers {
 public:
  struct Route {
    std::vector<DeviceId> from, to;  // the attention group's GPUs at either end; each has its part of the cache
    Bytes per_sender, per_receiver;  // on one GPU
  };
  KvTransfers(const topology::Topology& topology, task::Executor& clock, const TransferCost& cost);

  void watch(FlightWatcher& watcher) { flights_.watch(watcher); }
  // Calls back when the last byte is there.
  void send(const Route& route, std::function<void()> done);

  // For which channel, for how long in all, transfers waited most.
  [[nodiscard]] const std::map<ChannelId, Seconds>& bound() const { return flights_.bound(); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t count() const { return flights_.count(); }

 private:
  const topology::Topology& topology_;
  TransferCost cost_;
  Flights flights_;
  Bytes bytes_;
};

}  // namespace aifsim::serving
