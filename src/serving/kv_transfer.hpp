// KV caches on their way from one engine's GPUs to another's, as flows on the fabric.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
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
  KvTransfers(const KvTransfers&) = delete;
  KvTransfers& operator=(const KvTransfers&) = delete;
  ~KvTransfers();

  // Calls back when the last byte is there.
  void send(const Route& route, std::function<void()> done);

  // For which channel, for how long in all, transfers waited most.
  [[nodiscard]] const std::map<ChannelId, Seconds>& bound() const { return bound_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  struct Flight;
  const topology::Topology& topology_;
  task::Executor& clock_;
  double efficiency_;
  Seconds setup_;
  std::map<std::uint64_t, std::unique_ptr<Flight>> flights_;
  std::map<ChannelId, Seconds> bound_;
  Bytes bytes_;
  std::uint64_t count_ = 0;
};

}  // namespace aifsim::serving
