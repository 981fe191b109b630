#include "serving/kv_swaps.hpp"

#include <algorithm>
#include <utility>

#include "serving/kv_tier_engines.hpp"

namespace aifsim::serving {

using topology::DataPlace;

KvSwaps::KvSwaps(const Deployment& deployment, task::Executor& clock)
    : deployment_(deployment), traffic_(clock, "kv swap") {}

bool KvSwaps::serves(std::uint32_t replica) const {
  const Deployment::Engine& engine = deployment_.engines[replica];
  const topology::Topology& topology = *deployment_.topology;
  if (engine.pool->engine.preemption != Preemption::swap || !topology.storage) return false;
  return std::ranges::all_of(engine.gpus, [&](DeviceId gpu) {
    return topology.storage->has(topology.fabric.device(gpu).node, DataPlace::host);
  });
}

// Every GPU swaps what it holds, copies included.
void KvSwaps::move(std::uint32_t replica, std::uint32_t group, Direction direction, Bytes bytes,
                   std::function<void()> done) {
  const Deployment::Engine& engine = deployment_.engines[replica];
  const auto [entry, is_new] = ways_.try_emplace({replica, group, static_cast<std::uint32_t>(direction)});
  KvWay& way = entry->second;
  const std::vector<DeviceId> gpus = attention_group(engine, group);
  const auto count = static_cast<double>(gpus.size());
  if (is_new) {
    const KvWayEnds out{DataPlace::gpu, DataPlace::host}, in{DataPlace::host, DataPlace::gpu};
    way = kv_way(*deployment_.topology, gpus, direction == Direction::out ? out : in, 1 / count, 1);
    const EngineOptions& options = engine.pool->engine;
    for (KvWay::Flow& flow : way.flows) {
      if (options.swap_limited) flow.rate_limit = options.swap_bandwidth;
    }
  }
  traffic_.move(way, bytes * count, std::move(done));
}

}  // namespace aifsim::serving
