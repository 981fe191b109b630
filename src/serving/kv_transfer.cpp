#include "serving/kv_transfer.hpp"

#include <algorithm>
#include <utility>

namespace aifsim::serving {

KvTransfers::KvTransfers(const topology::Topology& topology, task::Executor& clock, double efficiency, Seconds setup)
    : topology_(topology), efficiency_(efficiency), setup_(setup), flights_(clock, "kv transfer") {}

namespace {

// The GPUs at both ends send and receive at the same time over ports of their own, so one pair stands for all: where
// several receivers share a sender, or several senders a receiver, the flow counts that often on that end's channels.
std::vector<ChannelUse> representative_path(const KvTransfers::Route& route, const topology::Topology& topology,
                                            double efficiency) {
  const std::size_t pairs = std::max(route.from.size(), route.to.size());
  std::vector<ChannelUse> path;
  topology.routing->append_path(route.from.front(), route.to.front(), 0, path);
  const topology::Fabric& fabric = topology.fabric;
  const std::uint32_t source = fabric.device(route.from.front()).node, target = fabric.device(route.to.front()).node;
  for (ChannelUse& use : path) {
    const topology::Channel& channel = fabric.channel(use.channel);
    if (fabric.device(channel.from).node == source) {
      use.multiplicity *= static_cast<double>(pairs) / static_cast<double>(route.from.size());
    } else if (fabric.device(channel.to).node == target) {
      use.multiplicity *= static_cast<double>(pairs) / static_cast<double>(route.to.size());
    }
    use.multiplicity /= efficiency;
  }
  return path;
}

}  // namespace

void KvTransfers::send(const Route& route, std::function<void()> done) {
  Flights::Flow flow{
      .path = representative_path(route, topology_, efficiency_), .bytes = {}, .latency = setup_, .rate_limit = {}};
  const Bytes all = std::max(route.per_sender * static_cast<double>(route.from.size()),
                             route.per_receiver * static_cast<double>(route.to.size()));
  bytes_ += all;
  for (const ChannelUse& use : flow.path) flow.latency += topology_.fabric.channel(use.channel).latency;
  flow.bytes = all / static_cast<double>(std::max(route.from.size(), route.to.size()));
  flights_.send({&flow, 1}, std::move(done));
}

}  // namespace aifsim::serving
