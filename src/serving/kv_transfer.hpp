// KV caches on their way from one engine's GPUs to another's, as flows on the fabric.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "serving/flights.hpp"
#include "task/executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

class KvTransfers {
 public:
  struct Route {
    std::vector<DeviceId> from, to;  // the attention group's GPUs at either end; each has its part of the cache
    Bytes per_sender, per_receiver;  // on one GPU
  };
  // `efficiency` of the path's bandwidth is what the transfer library reaches, `setup` what it needs before the first
  // byte.
  KvTransfers(const topology::Topology& topology, task::Executor& clock, double efficiency, Seconds setup);

  void watch(FlightWatcher& watcher) { flights_.watch(watcher); }
  // Calls back when the last byte is there.
  void send(const Route& route, std::function<void()> done);

  // For which channel, for how long in all, transfers waited most.
  [[nodiscard]] const std::map<ChannelId, Seconds>& bound() const { return flights_.bound(); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t count() const { return flights_.count(); }

 private:
  const topology::Topology& topology_;
  double efficiency_;
  Seconds setup_;
  Flights flights_;
  Bytes bytes_;
};

}  // namespace aifsim::serving
