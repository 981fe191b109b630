// Dragonfly: groups of switches that are all joined, and cables between all pairs of groups (Kim et al.,
// "Technology-driven, highly-scalable dragonfly topology", ISCA 2008). Minimal routing: to the gateway, over, on.
#include "topology/generators.hpp"
#include "topology/group_links.hpp"

namespace aifsim::topology {
namespace {

class Dragonfly final : public DirectNetwork {
 public:
  Dragonfly(const hardware::Platform& platform, const NodeLayout& nodes, Fabric& fabric)
      : DirectNetwork(platform, nodes),
        size_(static_cast<std::size_t>(platform.scale_out.direct.group_switches)),
        links_(platform, whole_groups(platform), size_) {
    std::vector<Joint> joints;
    const hardware::ScaleOut& network = platform.scale_out;
    for (std::size_t group = 0; group < links_.groups(); ++group) {
      for (std::size_t a = 0; a < size_; ++a) {
        for (std::size_t b = a + 1; b < size_; ++b) {
          joints.push_back({.a = group * size_ + a,
                            .b = group * size_ + b,
                            .cables = static_cast<std::size_t>(network.direct.links),
                            .metres = network.layout.spine});
        }
      }
    }
    links_.for_each([&](std::size_t from, std::size_t to, Gateway gateway, std::size_t cables) {
      joints.push_back({.a = from * size_ + gateway.out,
                        .b = to * size_ + gateway.in,
                        .cables = cables,
                        .metres = network.layout.core});
    });
    build(platform, nodes, {{DeviceKind::leaf, access_switches()}}, joints, fabric);
  }

 private:
  [[nodiscard]] std::size_t whole_groups(const hardware::Platform& platform) const {
    if (access_switches() % size_ != 0) {
      reject(platform, "scale_out.group_switches",
             "a number that divides the " + std::to_string(access_switches()) + " switches", std::to_string(size_));
    }
    return access_switches() / size_;
  }

  void route(std::size_t from, std::size_t to, std::uint64_t hash, std::vector<ChannelUse>& path) const override {
    const std::size_t here = from / size_;
    const std::size_t there = to / size_;
    if (here == there) return cross(from, to, 1, path);
    const auto hops = [&](Gateway gateway) {
      return (here * size_ + gateway.out != from ? 1U : 0U) + (there * size_ + gateway.in != to ? 1U : 0U);
    };
    over_gateways(links_, here, there, sprayed(), hash, hops, [&](Gateway gateway, double share) {
      const std::size_t out = here * size_ + gateway.out;
      const std::size_t in = there * size_ + gateway.in;
      if (out != from) cross(from, out, share, path);
      cross(out, in, share, path);
      if (in != to) cross(in, to, share, path);
    });
  }

  std::size_t size_;
  GroupLinks links_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_dragonfly(const hardware::Platform& platform, const NodeLayout& nodes,
                                                    Fabric& fabric) {
  return std::make_unique<Dragonfly>(platform, nodes, fabric);
}

}  // namespace aifsim::topology
