#include "serving/kv_tier_traffic.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace aifsim::serving {
namespace {

using topology::DataPlace;
using Uses = std::map<ChannelId, double>;

void add_path(const topology::Storage& storage, DeviceId gpu, KvWayEnds ends, double times, Uses& uses) {
  std::vector<ChannelUse> path;
  storage.append_path(gpu, ends.from, ends.to, path);
  for (const ChannelUse& use : path) uses[use.channel] += times * use.multiplicity;
}

// `seats`: the group's GPUs of one node; `all`: of all nodes.
KvWay::Flow flow_of(const topology::Topology& topology, const std::vector<DeviceId>& seats, KvWayEnds ends, double held,
                    double all) {
  const topology::Storage& storage = *topology.storage;
  const bool hbm = ends.from == DataPlace::gpu || ends.to == DataPlace::gpu;
  // Copies that GPUs hold of the same blocks load only the part of the way that is next to them.
  const double once = hbm ? 1 / (all * held) : 1;
  Uses uses, own;
  for (const DeviceId gpu : seats) {
    add_path(storage, gpu, ends, once, uses);
    if (!hbm || once >= 1) continue;
    const KvWayEnds next_to_it = ends.from == DataPlace::gpu ? KvWayEnds{DataPlace::gpu, DataPlace::host}
                                                             : KvWayEnds{DataPlace::host, DataPlace::gpu};
    add_path(storage, gpu, next_to_it, 1 - once, uses);
  }
  add_path(storage, seats.front(), ends, 1, own);
  KvWay::Flow flow{.path = {}, .share = hbm ? held : 1 / all, .latency = {}, .rate_limit = {}};
  for (const auto& [channel, times] : own) {
    flow.path.push_back({channel, uses.at(channel)});
    flow.latency += topology.fabric.channel(channel).latency;
  }
  flow.latency += storage.latency(topology.fabric.device(seats.front()).node, ends.from, ends.to);
  return flow;
}

}  // namespace

KvWay kv_way(const topology::Topology& topology, const std::vector<DeviceId>& gpus, KvWayEnds ends, double held,
             double efficiency) {
  std::map<std::uint32_t, std::vector<DeviceId>> nodes;
  for (const DeviceId gpu : gpus) nodes[topology.fabric.device(gpu).node].push_back(gpu);
  KvWay way;
  double slowest = std::numeric_limits<double>::infinity();
  for (const auto& [node, seats] : nodes) {
    KvWay::Flow flow = flow_of(topology, seats, ends, held, static_cast<double>(gpus.size()));
    for (ChannelUse& use : flow.path) {
      use.multiplicity /= efficiency;
      const BytesPerSecond most = topology.fabric.channel(use.channel).capacity / use.multiplicity;
      slowest = std::min(slowest, most.base() / flow.share);
    }
    way.latency = std::max(way.latency, flow.latency);
    way.flows.push_back(std::move(flow));
  }
  way.rate = BytesPerSecond::from_base(slowest);
  return way;
}

KvTierTraffic::KvTierTraffic(task::Executor& clock, std::string label) : flights_(clock, std::move(label)) {}

void KvTierTraffic::move(const KvWay& way, Bytes bytes, std::function<void()> done) {
  std::vector<Flights::Flow> flows;
  for (const KvWay::Flow& flow : way.flows) {
    flows.push_back(
        {.path = flow.path, .bytes = bytes * flow.share, .latency = flow.latency, .rate_limit = flow.rate_limit});
  }
  flights_.send(flows, std::move(done));
}

}  // namespace aifsim::serving
