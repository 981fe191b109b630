#include <algorithm>

#include "base/error.hpp"
#include "topology/faults.hpp"
#include "topology/generators.hpp"

namespace aifsim::topology {
namespace {

class ClusterRouting final : public Routing {
 public:
  ClusterRouting(NodeLayout nodes, std::unique_ptr<ScaleOutNetwork> network, const hardware::Platform& platform,
                 std::shared_ptr<const DeadChannels> dead)
      : nodes_(std::move(nodes)),
        network_(std::move(network)),
        file_(platform.file),
        aligned_((network_ && network_->joins_rails_apart()) ||
                 platform.scale_out.routing == hardware::RoutingKind::rail_aligned),
        dead_(std::move(dead)) {
    if (network_ && dead_) network_->avoid(dead_);
  }

  void append_path(DeviceId source, DeviceId destination, std::uint64_t flow,
                   std::vector<ChannelUse>& path) const override {
    if (source == destination) return;
    const GpuPlace from = nodes_.locate(source);
    const GpuPlace to = nodes_.locate(destination);
    const std::size_t first = path.size();
    if (nodes_.append_inside(from, to, path)) {
      if (alive(path, first)) return;
      path.resize(first);
    }
    if (!network_ || from.group->nics == 0 || to.group->nics == 0) reject_pair(from, to);
    // The usual way first; another NIC of the node, over NVLink, where that one does not lead there.
    const std::size_t out = from.group->nic_of(from.gpu);
    const std::size_t in = to.group->nic_of(to.gpu);
    if (append_over({from, aligned_ ? in : out}, {to, in}, flow, path)) return;
    if (append_over({from, out}, {to, aligned_ ? out : in}, flow, path)) return;
    for (std::size_t rail_out = 0; rail_out < from.group->nics; ++rail_out) {
      for (std::size_t rail_in = 0; rail_in < to.group->nics; ++rail_in) {
        if (aligned_ && rail_in != rail_out) continue;
        const bool detour = rail_out != out || rail_in != in;
        if (detour && append_over({from, rail_out}, {to, rail_in}, flow, path)) return;
      }
    }
    reject_pair(from, to);
  }

  [[nodiscard]] ChannelId nvlink_up(DeviceId gpu) const override { return nodes_.nvlink_up(nodes_.locate(gpu)); }
  [[nodiscard]] ChannelId nvlink_down(DeviceId gpu) const override { return nodes_.nvlink_down(nodes_.locate(gpu)); }
  [[nodiscard]] std::uint32_t nvlink_domain(DeviceId gpu) const override {
    return nodes_.nvlink_domain(nodes_.locate(gpu));
  }
  [[nodiscard]] std::pair<ChannelId, ChannelId> host_link(DeviceId gpu) const override {
    return NodeLayout::host_link(nodes_.locate(gpu));
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
    if (!network_) return false;
    // A domain stays whole: its halves would be joined by NVLink.
    const auto told = network_->in_first_half(nodes_.first_node_of_domain(place));
    const std::size_t middle = place.group->first_gpu * 2 + (place.domain * 2 + 1) * place.group->domain_gpus();
    return told.value_or(middle < nodes_.gpu_count());
  }
  [[nodiscard]] std::optional<BytesPerSecond> circuit_cut() const override {
    return network_ ? network_->circuit_cut() : std::nullopt;
  }

 private:
  [[nodiscard]] bool alive(const std::vector<ChannelUse>& path, std::size_t first) const {
    if (!dead_) return true;
    return std::none_of(path.begin() + static_cast<std::ptrdiff_t>(first), path.end(),
                        [this](const ChannelUse& use) { return (*dead_)[use.channel.index()]; });
  }

  struct Door {
    const GpuPlace& gpu;
    std::size_t nic;  // of the GPU's node
  };
  bool append_over(const Door& from, const Door& to, std::uint64_t flow, std::vector<ChannelUse>& path) const {
    if (from.nic >= from.gpu.group->nics || to.nic >= to.gpu.group->nics) return false;
    const std::size_t first = path.size();
    const GpuPlace out = nodes_.at_nic(from.gpu, from.nic);
    const GpuPlace in = nodes_.at_nic(to.gpu, to.nic);
    bool found = out.gpu == from.gpu.gpu || nodes_.append_inside(from.gpu, out, path);
    if (found) nodes_.append_to_nic(out, path);
    found = found && network_->append_path(nodes_.nic_of(out), nodes_.nic_of(in), flow, path);
    if (found) nodes_.append_from_nic(in, path);
    found = found && (in.gpu == to.gpu.gpu || nodes_.append_inside(in, to.gpu, path)) && alive(path, first);
    if (!found) path.resize(first);
    return found;
  }

  [[noreturn]] void reject_pair(const GpuPlace& from, const GpuPlace& to) const {
    const auto name = [](const GpuPlace& place) {
      const std::size_t node = place.group->first_node + place.domain * place.group->nodes + place.node;
      return "node" + std::to_string(node) + "/gpu" + std::to_string(place.gpu);
    };
    const bool joined = from.group->nics > 0 && to.group->nics > 0;
    throw ConfigError(Problem{.file = file_,
                              .key = "scale_out.topology",
                              .expected = "a network that joins " + name(from) + " and " + name(to),
                              .got = !network_ ? "none"
                                     : joined  ? "no path that is alive"
                                               : "a node without NICs",
                              .hint = {}});
  }

  NodeLayout nodes_;
  std::unique_ptr<ScaleOutNetwork> network_;
  std::string file_;
  bool aligned_;  // traffic changes to the destination's rail before it leaves the node
  std::shared_ptr<const DeadChannels> dead_;
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

bool ScaleOutNetwork::crosses_dead(const std::vector<ChannelUse>& path, std::size_t first) const {
  if (!dead_) return false;
  return std::any_of(path.begin() + static_cast<std::ptrdiff_t>(first), path.end(),
                     [this](const ChannelUse& use) { return is_dead(use.channel); });
}

void check_reach(const hardware::Platform& platform, const std::string& medium_key, const std::string& medium,
                 const std::string& length_key, double metres) {
  const double reach = platform.medium(medium).reach_m;
  if (reach == 0 || metres <= reach) return;
  const auto text = [](double value) {
    std::string digits = std::to_string(value);
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return digits + " m";
  };
  reject(platform, medium_key, "a medium that reaches " + text(metres) + " (scale_out.layout." + length_key + ")",
         medium + ", which reaches " + text(reach));
}

Topology build(const hardware::Platform& platform, Seconds when) {
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
  if (network) topology.circuits = network->circuits();
  apply_faults(platform, topology, when);
  topology.routing =
      std::make_unique<ClusterRouting>(std::move(nodes), std::move(network), platform, topology.dead_channels);
  return topology;
}

}  // namespace aifsim::topology
