#include "serving/kv_transfer.hpp"

#include <algorithm>
#include <utility>

#include "collective/library.hpp"

namespace aifsim::serving {

TransferCost measured_transfer(const hardware::NodeSpec& node) {
  const collective::Architecture& architecture = collective::nccl().architecture_of(*node.gpu);
  const collective::Transport& transport = collective::nccl().transport_of(node.nic.name);
  const collective::Protocol& between_gpus = architecture.direct.protocols.back();
  return {.nvlink = 1,
          .network = transport.efficiency,
          .nvlink_limit = node.gpu->nvlink * between_gpus.rate,
          .nvlink_setup = between_gpus.setup,
          .network_setup = transport.protocols.back().hop};
}

KvTransfers::KvTransfers(const topology::Topology& topology, task::Executor& clock, const TransferCost& cost)
    : topology_(topology), cost_(cost), flights_(clock, "kv transfer") {}

namespace {

bool is_nvlink(const topology::Channel& channel, const topology::Fabric& fabric) {
  const auto inside = [&](DeviceId device) {
    const topology::DeviceKind kind = fabric.device(device).kind;
    return kind == topology::DeviceKind::gpu || kind == topology::DeviceKind::nvswitch;
  };
  return inside(channel.from) && inside(channel.to);
}

// The GPUs at both ends send and receive at the same time over ports of their own, so one pair stands for all: where
// several receivers share a sender, or several senders a receiver, the flow counts that often on that end's channels.
std::vector<ChannelUse> representative_path(const KvTransfers::Route& route, const topology::Topology& topology,
                                            const TransferCost& cost) {
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
    use.multiplicity /= is_nvlink(channel, fabric) ? cost.nvlink : cost.network;
  }
  return path;
}

}  // namespace

void KvTransfers::send(const Route& route, std::function<void()> done) {
  Flights::Flow flow{
      .path = representative_path(route, topology_, cost_), .bytes = {}, .latency = {}, .rate_limit = {}};
  const bool in_domain = std::ranges::all_of(flow.path, [&](const ChannelUse& use) {
    return is_nvlink(topology_.fabric.channel(use.channel), topology_.fabric);
  });
  flow.latency = in_domain ? cost_.nvlink_setup : cost_.network_setup;
  if (in_domain) flow.rate_limit = cost_.nvlink_limit;
  const Bytes all = std::max(route.per_sender * static_cast<double>(route.from.size()),
                             route.per_receiver * static_cast<double>(route.to.size()));
  bytes_ += all;
  for (const ChannelUse& use : flow.path) flow.latency += topology_.fabric.channel(use.channel).latency;
  flow.bytes = all / static_cast<double>(std::max(route.from.size(), route.to.size()));
  flights_.send({&flow, 1}, std::move(done));
}

}  // namespace aifsim::serving
