#include "topology/node_builder.hpp"

#include "base/error.hpp"
#include "topology/node_layout.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

// Payload rate and latency of a cable. `arrival` is what the device at its far end adds before it passes data on.
Channel cable(const Platform& platform, const std::string& medium, BytesPerSecond nominal, Seconds arrival = {}) {
  const hardware::LinkMedium& kind = platform.medium(medium);
  return {.capacity = nominal * kind.payload_fraction,
          .latency = kind.latency + arrival,
          .medium = medium_id(platform, medium)};
}

class GroupBuilder {
 public:
  GroupBuilder(const Platform& platform, const hardware::NodeGroup& group, const GroupLayout& layout, Fabric& fabric)
      : platform_(platform), type_(*group.type), layout_(layout), fabric_(fabric) {
    if (layout_.nvlink) {
      const BytesPerSecond ports = type_.gpu->nvlink;
      const auto peers = static_cast<double>(layout_.nvswitch ? 1 : layout_.domain_gpus() - 1);
      nvlink_ = cable(platform_, type_.nvlink_medium, ports / peers);
    }
    if (layout_.node_channels() == 0) return;
    host_ =
        cable(platform_, type_.host_link_medium, type_.host_link, layout_.hosts > 0 ? Seconds{} : type_.nic.latency);
    if (layout_.hosts > 0 && layout_.nics > 0) {
      nic_ = cable(platform_, type_.nic_link_medium, type_.nic_link, type_.nic.latency);
    }
  }

  void add() {
    // With room for the cables of the NICs and, an eighth more, of merged switches: growing later copies everything.
    const std::size_t nics = layout_.domains * layout_.nodes * layout_.nics;
    fabric_.reserve(layout_.domains * layout_.domain_devices() + nics / 8,
                    layout_.domains * layout_.domain_channels() + 2 * nics + nics / 4);
    for (std::size_t domain = 0; domain < layout_.domains; ++domain) add_domain(domain);
  }

 private:
  void add_domain(std::size_t domain) {
    const std::size_t first = fabric_.devices().size();
    for (std::size_t node = 0; node < layout_.nodes; ++node)
      add_node_devices(layout_.first_node + domain * layout_.nodes + node);
    if (layout_.nvswitch) {
      add_switches(layout_.first_node + domain, first);
    } else if (layout_.nvlink) {
      add_mesh(first);
    }
    for (std::size_t node = 0; node < layout_.nodes; ++node) add_host_links(first + node * layout_.node_devices());
  }

  void add_switches(std::size_t node, std::size_t first) {
    const auto place = layout_.nodes == 1 ? static_cast<std::uint32_t>(node) : ~0u;
    const bool tiers = layout_.planes > 1;
    const int first_tier = tiers ? type_.nvlink_group_switches : type_.nvswitches;
    std::vector<DeviceId> planes;
    for (std::size_t plane = 0; plane < layout_.planes; ++plane) {
      planes.push_back(fabric_.add_device(
          {.kind = DeviceKind::nvswitch, .node = place, .count = static_cast<std::uint32_t>(first_tier)}));
    }
    for (std::size_t gpu = 0; gpu < layout_.domain_gpus(); ++gpu) {
      add_duplex(nvlink_, domain_gpu(first, gpu), planes[layout_.plane_of(gpu)]);
    }
    if (!tiers) return;
    // A fat tree: as much up as down.
    const auto below = static_cast<std::uint32_t>(first_tier) * static_cast<std::uint32_t>(layout_.planes);
    const std::uint32_t above = static_cast<std::uint32_t>(type_.nvswitches) - below;
    const DeviceId top = fabric_.add_device({.kind = DeviceKind::nvswitch, .node = place, .count = above});
    Channel trunk = nvlink_;
    trunk.capacity *= static_cast<double>(layout_.plane_gpus);
    trunk.lanes = static_cast<std::uint32_t>(layout_.plane_gpus);
    for (const DeviceId plane : planes) add_duplex(trunk, plane, top);
  }

  void add_node_devices(std::size_t node) {
    const auto place = static_cast<std::uint32_t>(node);
    const auto cpus_each =
        static_cast<std::uint32_t>(layout_.hosts > 0 ? std::max<std::size_t>(layout_.cpus / layout_.hosts, 1) : 1);
    for (std::size_t i = 0; i < layout_.gpus; ++i) fabric_.add_device({.kind = DeviceKind::gpu, .node = place});
    for (std::size_t i = 0; i < layout_.hosts; ++i) {
      fabric_.add_device({.kind = DeviceKind::cpu, .node = place, .count = cpus_each});
    }
    for (std::size_t i = 0; i < layout_.nics; ++i) fabric_.add_device({.kind = DeviceKind::nic, .node = place});
  }

  void add_mesh(std::size_t first) {
    for (std::size_t from = 0; from < layout_.domain_gpus(); ++from) {
      for (std::size_t to = 0; to < layout_.domain_gpus(); ++to) {
        if (from != to) add_one(nvlink_, domain_gpu(first, from), domain_gpu(first, to));
      }
    }
  }

  void add_host_links(std::size_t first) {
    if (layout_.node_channels() == 0) return;
    const std::size_t hosts = first + layout_.gpus;
    const std::size_t nics = hosts + layout_.hosts;
    for (std::size_t gpu = 0; gpu < layout_.gpus; ++gpu) {
      const std::size_t peer = layout_.hosts > 0 ? hosts + layout_.host_of_gpu(gpu) : nics + layout_.nic_of(gpu);
      add_duplex(host_, DeviceId{first + gpu}, DeviceId{peer});
    }
    if (layout_.hosts == 0) return;
    for (std::size_t nic = 0; nic < layout_.nics; ++nic) {
      add_duplex(nic_, DeviceId{hosts + layout_.host_of_nic(nic)}, DeviceId{nics + nic});
    }
  }

  [[nodiscard]] DeviceId domain_gpu(std::size_t first, std::size_t gpu) const {
    return DeviceId{first + gpu / layout_.gpus * layout_.node_devices() + gpu % layout_.gpus};
  }
  void add_one(Channel channel, DeviceId from, DeviceId to) {
    channel.from = from;
    channel.to = to;
    fabric_.add_channel(channel);
  }
  void add_duplex(Channel channel, DeviceId from, DeviceId to) {
    channel.from = from;
    channel.to = to;
    fabric_.add_duplex(channel);
  }

  const Platform& platform_;
  const hardware::NodeSpec& type_;
  const GroupLayout& layout_;
  Fabric& fabric_;
  Channel nvlink_, host_, nic_;
};

}  // namespace

MediumId medium_id(const Platform& platform, const std::string& name) {
  return MediumId{static_cast<std::size_t>(&platform.medium(name) - platform.media.data())};
}

void add_nodes(const Platform& platform, const hardware::NodeGroup& group, const GroupLayout& layout, Fabric& fabric) {
  GroupBuilder(platform, group, layout, fabric).add();
}

}  // namespace aifsim::topology
