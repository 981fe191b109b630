#include "serving/adapter_store.hpp"

#include <map>
#include <utility>

#include "base/error.hpp"

namespace aifsim::serving {
namespace {

using topology::DataPlace;

// assumed: copies from pinned memory and reads of large files get all that their way has.
constexpr double efficiency = 1;

}  // namespace

AdapterStore::AdapterStore(std::vector<AdapterEngine> engines, const topology::Topology& topology,
                           task::Executor& clock)
    : engines_(std::move(engines)), hosts_(engines_.size()), clock_(clock), traffic_(clock) {
  ensure(topology.storage != nullptr, "adapters come from storage that is part of the fabric");
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    const std::vector<DeviceId>& gpus = engines_[i].gpus;
    if (gpus.empty()) continue;
    const double share = 1 / static_cast<double>(gpus.size());
    hosts_[i].to_gpus = kv_way(topology, gpus, {DataPlace::host, DataPlace::gpu}, share, efficiency);
    hosts_[i].from_storage = storage_way(gpus, topology);
  }
}

// From the node's own drives where it has some, as weights are read; each node of the engine reads the file once.
std::optional<KvWay> AdapterStore::storage_way(const std::vector<DeviceId>& gpus,
                                               const topology::Topology& topology) const {
  std::map<std::uint32_t, DeviceId> nodes;
  for (const DeviceId gpu : gpus) nodes.try_emplace(topology.fabric.device(gpu).node, gpu);
  std::vector<DeviceId> readers;
  readers.reserve(nodes.size());
  for (const auto& [node, gpu] : nodes) readers.push_back(gpu);
  for (const DataPlace place : {DataPlace::nvme, DataPlace::network}) {
    if (!topology.storage->has(nodes.begin()->first, place)) continue;
    return kv_way(topology, readers, {place, DataPlace::host}, 1 / static_cast<double>(readers.size()), efficiency);
  }
  return std::nullopt;
}

void AdapterStore::load(std::uint32_t replica, std::uint32_t adapter, std::function<void()> done) {
  ensure(!engines_[replica].gpus.empty(), "an engine that loads adapters serves them");
  ++figures_.loads;
  if (hosts_[replica].places.contains(adapter)) {
    used(replica, adapter);
    return copy(replica, std::move(done));
  }
  read(replica, adapter, std::move(done));
}

void AdapterStore::read(std::uint32_t replica, std::uint32_t adapter, std::function<void()> done) {
  const AdapterEngine& engine = engines_[replica];
  const Host& host = hosts_[replica];
  ++figures_.reads;
  auto there = [this, replica, adapter, lives = host.lives, done = std::move(done)]() mutable {
    if (hosts_[replica].lives != lives) return;
    keep(replica, adapter);
    copy(replica, std::move(done));
  };
  if (host.from_storage) {
    const Bytes bytes = engine.file * static_cast<double>(host.from_storage->flows.size());
    figures_.read += bytes;
    return traffic_.move(*host.from_storage, bytes, std::move(there));
  }
  const Seconds time = engine.file / engine.storage;
  figures_.read += engine.file;
  figures_.off_fabric += time;
  clock_.at(clock_.now() + time, std::move(there));
}

void AdapterStore::copy(std::uint32_t replica, std::function<void()> done) {
  const Bytes bytes = engines_[replica].each * static_cast<double>(engines_[replica].gpus.size());
  figures_.loaded += bytes;
  traffic_.move(hosts_[replica].to_gpus, bytes, [this, replica, lives = hosts_[replica].lives, done = std::move(done)] {
    if (hosts_[replica].lives == lives) done();
  });
}

void AdapterStore::keep(std::uint32_t replica, std::uint32_t adapter) {
  Host& host = hosts_[replica];
  if (host.places.contains(adapter)) return used(replica, adapter);
  const std::optional<std::size_t> most = engines_[replica].host;
  if (most && host.order.size() >= *most) {
    host.places.erase(host.order.front());
    host.order.pop_front();
  }
  host.places[adapter] = host.order.insert(host.order.end(), adapter);
}

void AdapterStore::used(std::uint32_t replica, std::uint32_t adapter) {
  Host& host = hosts_[replica];
  const auto found = host.places.find(adapter);
  if (found != host.places.end()) host.order.splice(host.order.end(), host.order, found->second);
}

void AdapterStore::forget(std::uint32_t replica) {
  Host& host = hosts_[replica];
  host.order.clear();
  host.places.clear();
  ++host.lives;
}

}  // namespace aifsim::serving
