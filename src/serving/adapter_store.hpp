// LoRA adapters below HBM: each engine keeps some in its host's memory and reads the others from drives or network
// storage. Every copy is a flow on the fabric.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "serving/adapter_source.hpp"
#include "serving/kv_tier_traffic.hpp"

namespace aifsim::serving {

// One engine, as the store knows it.
struct AdapterEngine {
  std::vector<DeviceId> gpus;       // empty: it serves no adapters
  Bytes each;                       // of an adapter, on one GPU
  Bytes file;                       // the whole adapter
  std::optional<std::size_t> host;  // adapters that the host keeps; nothing = all
  BytesPerSecond storage;           // what files come with where the fabric has neither drives nor network storage
};

class AdapterStore final : public AdapterSource {
 public:
  // The topology has storage (topology::add_storage). All must outlive the store.
  AdapterStore(std::vector<AdapterEngine> engines, const topology::Topology& topology, task::Executor& clock);

  void watch(FlightWatcher& watcher) { traffic_.watch(watcher); }  // what moves
  void load(std::uint32_t replica, std::uint32_t adapter, std::function<void()> done) override;
  void used(std::uint32_t replica, std::uint32_t adapter) override;
  // The engine is gone, and what its host kept for it; loads under way come to nothing.
  void forget(std::uint32_t replica);

  struct Figures {
    std::uint64_t loads = 0, reads = 0;  // into HBM; of them, those that had to be read into host memory first
    Bytes loaded, read;
    Seconds off_fabric;  // of reads from storage that is not in the fabric
  };
  [[nodiscard]] const Figures& figures() const { return figures_; }
  [[nodiscard]] const KvTierTraffic& traffic() const { return traffic_; }

 private:
  // What one engine's host keeps, the least recently used first.
  struct Host {
    std::list<std::uint32_t> order;
    std::unordered_map<std::uint32_t, std::list<std::uint32_t>::iterator> places;
    std::uint64_t lives = 0;  // of the engine, that are over
    KvWay to_gpus;
    std::optional<KvWay> from_storage;
  };
  [[nodiscard]] std::optional<KvWay> storage_way(const std::vector<DeviceId>& gpus,
                                                 const topology::Topology& topology) const;
  void read(std::uint32_t replica, std::uint32_t adapter, std::function<void()> done);
  void copy(std::uint32_t replica, std::function<void()> done);
  void keep(std::uint32_t replica, std::uint32_t adapter);

  std::vector<AdapterEngine> engines_;
  std::vector<Host> hosts_;  // by replica
  task::Executor& clock_;
  KvTierTraffic traffic_;
  Figures figures_;
};

}  // namespace aifsim::serving
