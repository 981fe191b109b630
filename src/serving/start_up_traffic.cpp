#include "serving/start_up_traffic.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "serving/service.hpp"

namespace aifsim::serving {

using topology::DataPlace;

StartUpTraffic::StartUpTraffic(const Deployment& deployment, task::Executor& clock)
    : deployment_(deployment), weights_(clock, "weight load"), images_(clock, "image pull") {}

bool StartUpTraffic::everywhere(std::uint32_t replica, DataPlace place) const {
  const topology::Topology& topology = *deployment_.topology;
  return topology.storage && std::ranges::all_of(deployment_.engines[replica].gpus, [&](DeviceId gpu) {
           return topology.storage->has(topology.fabric.device(gpu).node, place);
         });
}

DataPlace StartUpTraffic::source(std::uint32_t replica) const {
  const WeightSource asked = deployment_.engines[replica].pool->start_up.weights;
  if (asked == WeightSource::network) return DataPlace::network;
  return asked == WeightSource::nvme || everywhere(replica, DataPlace::nvme) ? DataPlace::nvme : DataPlace::network;
}

bool StartUpTraffic::moves(std::uint32_t replica, StartPhase::Kind phase) const {
  const StartUpPlan& plan = deployment_.engines[replica].pool->start_up;
  switch (phase) {
    case StartPhase::Kind::image: return everywhere(replica, DataPlace::network);
    case StartPhase::Kind::weights: return plan.storage <= BytesPerSecond{} && everywhere(replica, source(replica));
    case StartPhase::Kind::other: return false;
  }
  return false;
}

StartUpTraffic::Load StartUpTraffic::load(std::uint32_t replica, StartPhase::Kind phase) const {
  const Deployment::Engine& engine = deployment_.engines[replica];
  const topology::Topology& topology = *deployment_.topology;
  const StartUpPlan& plan = engine.pool->start_up;
  if (phase == StartPhase::Kind::weights) {  // every GPU's part is read once
    const auto count = static_cast<double>(engine.gpus.size());
    return {.way = kv_way(topology, engine.gpus, {source(replica), DataPlace::gpu}, 1 / count, 1),
            .bytes = model::weight_bytes(deployment_.job->model, engine.pool->engine.plan) * count};
  }
  // One host of each node pulls the image.
  std::map<std::uint32_t, DeviceId> nodes;
  for (const DeviceId gpu : engine.gpus) nodes.emplace(topology.fabric.device(gpu).node, gpu);
  std::vector<DeviceId> seats;
  for (const auto& [node, gpu] : nodes) seats.push_back(gpu);
  Load pull{.way = kv_way(topology, seats, {DataPlace::network, DataPlace::host}, 1, 1),
            .bytes = plan.image * static_cast<double>(seats.size())};
  for (KvWay::Flow& flow : pull.way.flows) {
    flow.rate_limit = plan.registry;
    pull.way.rate = std::min(pull.way.rate, plan.registry * (1 / flow.share));
  }
  return pull;
}

void StartUpTraffic::move(std::uint32_t replica, StartPhase::Kind phase, std::function<void()> done) {
  const Load loaded = load(replica, phase);
  (phase == StartPhase::Kind::weights ? weights_ : images_).move(loaded.way, loaded.bytes, std::move(done));
}

Seconds StartUpTraffic::alone(std::uint32_t replica, StartPhase::Kind phase) const {
  const Load loaded = load(replica, phase);
  return loaded.way.time(loaded.bytes);
}

}  // namespace aifsim::serving
