#include "base/error.hpp"
#include "topology/generators.hpp"

namespace aifsim::topology {
namespace {

class ClusterRouting final : public Routing {
 public:
  ClusterRouting(NodeLayout nodes, std::unique_ptr<ScaleOutNetwork> network, std::string file)
      : nodes_(std::move(nodes)), network_(std::move(network)), file_(std::move(file)) {}

  void append_path(DeviceId source, DeviceId destination, std::uint64_t flow,
                   std::vector<ChannelUse>& path) const override {
    if (source == destination) return;
    const GpuPlace from = nodes_.locate(source);
    const GpuPlace to = nodes_.locate(destination);
    if (nodes_.append_inside(from, to, path)) return;
    const NicPlace nic_from = nodes_.nic_of(from);
    const NicPlace nic_to = nodes_.nic_of(to);
    if (!network_ || !nic_from.device.valid() || !nic_to.device.valid()) reject_pair(from, to);
    nodes_.append_to_nic(from, path);
    network_->append_path(nic_from, nic_to, flow, path);
    nodes_.append_from_nic(to, path);
  }

  [[nodiscard]] ChannelId nvlink_up(DeviceId gpu) const override { return nodes_.nvlink_up(nodes_.locate(gpu)); }
  [[nodiscard]] ChannelId nvlink_down(DeviceId gpu) const override { return nodes_.nvlink_down(nodes_.locate(gpu)); }
  [[nodiscard]] std::uint32_t nvlink_domain(DeviceId gpu) const override {
    return nodes_.nvlink_domain(nodes_.locate(gpu));
  }
  [[nodiscard]] DeviceId nic_of(DeviceId gpu) const override { return nodes_.nic_of(nodes_.locate(gpu)).device; }

  [[nodiscard]] std::size_t path_diversity(DeviceId source, DeviceId destination) const override {
    const GpuPlace from = nodes_.locate(source);
    const GpuPlace to = nodes_.locate(destination);
    std::vector<ChannelUse> inside;
    if (!network_ || nodes_.append_inside(from, to, inside)) return 1;
    return network_->path_diversity(nodes_.nic_of(from), nodes_.nic_of(to));
  }
  [[nodiscard]] bool in_first_half(DeviceId gpu) const override {
    const GpuPlace place = nodes_.locate(gpu);
    if (nodes_.node_count() == place.group->nodes) return place.domain_gpu() < place.group->domain_gpus() / 2;
    // A domain stays whole: its halves would be joined by NVLink.
    return network_ && network_->in_first_half(nodes_.first_node_of_domain(place), nodes_.node_count());
  }

 private:
  [[noreturn]] void reject_pair(const GpuPlace& from, const GpuPlace& to) const {
    const auto name = [](const GpuPlace& place) {
      const std::size_t node = place.group->first_node + place.domain * place.group->nodes + place.node;
      return "node" + std::to_string(node) + "/gpu" + std::to_string(place.gpu);
    };
    throw ConfigError(Problem{.file = file_,
                              .key = "scale_out.topology",
                              .expected = "a network that joins " + name(from) + " and " + name(to),
                              .got = network_ ? "a node without NICs" : "none",
                              .hint = {}});
  }

  NodeLayout nodes_;
  std::unique_ptr<ScaleOutNetwork> network_;
  std::string file_;
};

}  // namespace

void reject(const hardware::Platform& platform, std::string key, std::string expected, std::string got,
            std::string hint) {
  throw ConfigError(Problem{.file = platform.file,
                            .key = std::move(key),
                            .expected = std::move(expected),
                            .got = std::move(got),
                            .hint = std::move(hint)});
}

Topology build(const hardware::Platform& platform) {
  Topology topology;
  topology.fabric.set_media(platform.media);
  NodeLayout nodes(platform, topology.fabric);
  std::unique_ptr<ScaleOutNetwork> network;
  for (const TopologyRow& row : topology_rows()) {
    if (row.kind == platform.scale_out.kind && row.generate != nullptr && nodes.nic_count() > 0) {
      network = row.generate(platform, nodes, topology.fabric);
    }
  }
  if (network) topology.tiers = network->tiers();
  topology.routing = std::make_unique<ClusterRouting>(std::move(nodes), std::move(network), platform.file);
  return topology;
}

}  // namespace aifsim::topology
