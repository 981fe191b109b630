// A running inference service: requests come in, a router hands them to replicas, caches move from prefill to decode.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hardware/platform.hpp"
#include "serving/adapter_store.hpp"
#include "serving/channel_sharing.hpp"
#include "serving/events.hpp"
#include "serving/iteration_cost.hpp"
#include "serving/job.hpp"
#include "serving/kv_tiers.hpp"
#include "serving/kv_transfer.hpp"
#include "serving/request.hpp"
#include "serving/service_fleet.hpp"
#include "task/executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

// The engines of a job on the platform's GPUs, priced; nothing runs yet.
struct Deployment {
  // Throws ConfigError when the GPUs do not suffice, OutOfMemoryError when an engine does not fit. All arguments must
  // outlive it.
  Deployment(const ServingJob& job, const hardware::Platform& platform, const topology::Topology& topology);

  struct Engine {
    const Pool* pool = nullptr;
    std::vector<DeviceId> gpus;
    std::shared_ptr<const IterationCost> cost;  // shared by replicas that are placed alike
  };
  const ServingJob* job = nullptr;
  const hardware::Platform* platform = nullptr;
  const topology::Topology* topology = nullptr;
  std::vector<Engine> engines;         // replicas in the order of their pools
  std::vector<EngineMemory> memories;  // of each pool
};

class Service {
 public:
  Service(const Deployment& deployment, RequestSource& source, task::Executor& clock, ServingObserver& observer);
  ~Service();

  // Puts the first arrivals on the clock; executor.run() does the rest.
  void start();

  [[nodiscard]] const KvTransfers& transfers() const;
  [[nodiscard]] const KvTiers* tiers() const;           // null where the job has none
  [[nodiscard]] const KvTierTraffic* swaps() const;     // null where nobody swaps
  [[nodiscard]] const ChannelSharing* sharing() const;  // null where nothing that moves can slow an exchange
  [[nodiscard]] const AdapterStore* adapters() const;   // null where engines serve none
  [[nodiscard]] const Fleet& fleet() const;
  // Requests that arrived and are neither completed nor rejected.
  [[nodiscard]] std::uint64_t in_flight() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace aifsim::serving
