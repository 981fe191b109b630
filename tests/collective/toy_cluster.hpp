// A hand-made cluster: NVLink domains of equal size, each with a leaf of its own under one spine. Every GPU has a NIC.
#pragma once

#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "collective/collective.hpp"

namespace aifsim::collective::testing {

struct ToyShape {
  std::string architecture = "hopper";
  std::size_t domains = 1;
  std::size_t domain_gpus = 8;
  bool nvlink_sharp = true;
  BytesPerSecond nvlink = 450 * units::GB_per_s;  // nominal; the ports carry 0.88 of it
  BytesPerSecond nic = 50 * units::GB_per_s;
  double oversubscription = 1;  // leaf to spine
};

class ToyRouting final : public topology::Routing {
 public:
  struct Gpu {
    DeviceId device;
    std::uint32_t domain = 0;
    ChannelId up, down;  // NVLink
    ChannelId to_nic, from_nic, to_leaf, from_leaf;
  };
  struct Trunk {
    ChannelId up, down;
  };
  void append_path(DeviceId source, DeviceId destination, std::uint64_t, std::vector<ChannelUse>& path) const override {
    const Gpu& a = of(source);
    const Gpu& b = of(destination);
    std::vector<ChannelId> hops;
    if (a.domain == b.domain) {
      hops = {a.up, b.down};
    } else {
      hops = {a.to_nic, a.to_leaf, trunks[a.domain].up, trunks[b.domain].down, b.from_leaf, b.from_nic};
    }
    for (const ChannelId hop : hops) path.push_back({hop, 1.0});
  }
  [[nodiscard]] ChannelId nvlink_up(DeviceId gpu) const override { return of(gpu).up; }
  [[nodiscard]] ChannelId nvlink_down(DeviceId gpu) const override { return of(gpu).down; }
  [[nodiscard]] std::uint32_t nvlink_domain(DeviceId gpu) const override { return of(gpu).domain; }
  [[nodiscard]] const Gpu& of(DeviceId device) const { return gpus[ordinals[device.index()]]; }

  std::vector<Gpu> gpus;
  std::vector<std::size_t> ordinals;  // by device
  std::vector<Trunk> trunks;          // by domain
};

struct ToyCluster {
  explicit ToyCluster(ToyShape wanted) : shape(std::move(wanted)) {
    auto owned = std::make_unique<ToyRouting>();
    routing = owned.get();
    topology.routing = std::move(owned);
    topology.fabric.set_media({hardware::LinkMedium{.name = "wire"}});
    build_platform();
    build_fabric();
  }

  // `count` groups of `size` ranks; rank r of group k is GPU k * group_step + r * stride.
  [[nodiscard]] std::vector<std::vector<DeviceId>> groups(std::size_t count, std::size_t size, std::size_t group_step,
                                                          std::size_t stride) const {
    std::vector<std::vector<DeviceId>> result(count);
    for (std::size_t k = 0; k < count; ++k) {
      for (std::size_t r = 0; r < size; ++r) result[k].push_back(topology.fabric.gpu(k * group_step + r * stride));
    }
    return result;
  }
  [[nodiscard]] std::vector<std::vector<DeviceId>> everyone() const {
    return groups(1, shape.domains * shape.domain_gpus, 0, 1);
  }
  [[nodiscard]] CollectivePlan plan(const Request& request) const {
    return collective::plan(request, platform, topology);
  }
  [[nodiscard]] Seconds time(const Request& request) const { return lone_time(plan(request), topology.fabric); }
  [[nodiscard]] BytesPerSecond port() const { return shape.nvlink * 0.88; }

  ToyShape shape;
  hardware::Platform platform;
  topology::Topology topology;
  ToyRouting* routing = nullptr;

 private:
  void build_platform() {
    auto gpu = std::make_shared<hardware::GpuSpec>();
    gpu->architecture = shape.architecture;
    gpu->nvlink = shape.nvlink;
    auto node = std::make_shared<hardware::NodeSpec>();
    node->gpu = gpu;
    node->gpus = static_cast<int>(shape.domain_gpus);
    node->nvlink_sharp = shape.nvlink_sharp;
    platform.groups.push_back({node, static_cast<int>(shape.domains)});
  }
  void build_fabric() {
    using topology::DeviceKind;
    topology::Fabric& fabric = topology.fabric;
    const auto link = [&fabric](DeviceId from, DeviceId to, BytesPerSecond rate) {
      return fabric.add_duplex(
          {.from = from, .to = to, .capacity = rate, .latency = 500 * units::ns, .medium = MediumId{std::size_t{0}}});
    };
    const DeviceId spine = fabric.add_device({.kind = DeviceKind::spine});
    for (std::size_t d = 0; d < shape.domains; ++d) {
      const DeviceId leaf = fabric.add_device({.kind = DeviceKind::leaf});
      const DeviceId nvswitch = fabric.add_device({.kind = DeviceKind::nvswitch});
      const double width = static_cast<double>(shape.domain_gpus) / shape.oversubscription;
      const auto trunk = link(leaf, spine, shape.nic * width);
      routing->trunks.push_back({trunk.first, trunk.second});
      for (std::size_t i = 0; i < shape.domain_gpus; ++i) {
        const DeviceId gpu = fabric.add_device({.kind = DeviceKind::gpu});
        const DeviceId nic = fabric.add_device({.kind = DeviceKind::nic});
        const auto nvlink = link(gpu, nvswitch, port());
        const auto host = link(gpu, nic, 55 * units::GB_per_s);
        const auto wire = link(nic, leaf, shape.nic);
        routing->ordinals.resize(fabric.devices().size());
        routing->ordinals[gpu.index()] = routing->gpus.size();
        routing->gpus.push_back({.device = gpu,
                                 .domain = static_cast<std::uint32_t>(d),
                                 .up = nvlink.first,
                                 .down = nvlink.second,
                                 .to_nic = host.first,
                                 .from_nic = host.second,
                                 .to_leaf = wire.first,
                                 .from_leaf = wire.second});
      }
    }
  }
};

inline double multiplicity_on(const PhaseFlow& flow, ChannelId channel) {
  for (const ChannelUse& use : flow.path) {
    if (use.channel == channel) return use.multiplicity;
  }
  return 0;
}

}  // namespace aifsim::collective::testing
