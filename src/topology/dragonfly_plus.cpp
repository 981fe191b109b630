// Dragonfly+: each group is a leaf–spine network, and the spines join the groups (Shpiner et al., "Dragonfly+: Low Cost
// Topology for Scaling Datacenters", HiPINEB 2017). Minimal routing: leaf, spine, the other group's spine, leaf.
#include "topology/generators.hpp"
#include "topology/group_links.hpp"

namespace aifsim::topology {
namespace {

class DragonflyPlus final : public DirectNetwork {
 public:
  DragonflyPlus(const hardware::Platform& platform, const NodeLayout& nodes, Fabric& fabric)
      : DirectNetwork(platform, nodes),
        leaves_(static_cast<std::size_t>(platform.scale_out.direct.group_switches)),
        spines_(static_cast<std::size_t>(platform.scale_out.direct.group_spines)),
        links_(platform, whole_groups(platform), spines_) {
    std::vector<Joint> joints;
    const hardware::ScaleOut& network = platform.scale_out;
    for (std::size_t leaf = 0; leaf < access_switches(); ++leaf) {
      for (std::size_t i = 0; i < spines_; ++i) {
        joints.push_back({.a = leaf,
                          .b = spine(leaf / leaves_, i),
                          .cables = static_cast<std::size_t>(network.direct.links),
                          .metres = network.layout.spine});
      }
    }
    links_.for_each([&](std::size_t from, std::size_t to, Gateway gateway, std::size_t cables) {
      joints.push_back(
          {.a = spine(from, gateway.out), .b = spine(to, gateway.in), .cables = cables, .metres = network.layout.core});
    });
    build(platform, nodes, {{DeviceKind::leaf, access_switches()}, {DeviceKind::spine, links_.groups() * spines_}},
          joints, fabric);
  }

 private:
  [[nodiscard]] std::size_t whole_groups(const hardware::Platform& platform) const {
    if (access_switches() % leaves_ != 0) {
      reject(platform, "scale_out.group_switches",
             "a number that divides the " + std::to_string(access_switches()) + " leaves", std::to_string(leaves_));
    }
    return access_switches() / leaves_;
  }
  [[nodiscard]] std::size_t spine(std::size_t group, std::size_t index) const {
    return access_switches() + group * spines_ + index;
  }

  void route(std::size_t from, std::size_t to, std::uint64_t hash, std::vector<ChannelUse>& path) const override {
    const std::size_t here = from / leaves_;
    const std::size_t there = to / leaves_;
    if (here == there) return route_in_group(from, to, hash, path);
    over_gateways(
        links_, here, there, sprayed(), hash, [](Gateway) { return std::size_t{3}; },
        [&](Gateway gateway, double share) {
          cross(from, spine(here, gateway.out), share, path);
          cross(spine(here, gateway.out), spine(there, gateway.in), share, path);
          cross(spine(there, gateway.in), to, share, path);
        });
  }
  void route_in_group(std::size_t from, std::size_t to, std::uint64_t hash, std::vector<ChannelUse>& path) const {
    const std::size_t first = sprayed() ? 0 : hash % spines_;
    const std::size_t count = sprayed() ? spines_ : 1;
    for (std::size_t i = first; i < first + count; ++i) {
      cross(from, spine(from / leaves_, i), 1 / static_cast<double>(count), path);
      cross(spine(from / leaves_, i), to, 1 / static_cast<double>(count), path);
    }
  }

  std::size_t leaves_, spines_;
  GroupLinks links_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_dragonfly_plus(const hardware::Platform& platform, const NodeLayout& nodes,
                                                         Fabric& fabric) {
  return std::make_unique<DragonflyPlus>(platform, nodes, fabric);
}

}  // namespace aifsim::topology
