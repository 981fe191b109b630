// HyperX: in each dimension every switch is joined to all others (Ahn et al., "HyperX: topology, routing, and packaging
// of efficient large-scale networks", SC 2009). One dimension is a full mesh.
#include <algorithm>

#include "topology/generators.hpp"
#include "topology/grid.hpp"

namespace aifsim::topology {
namespace {

class HyperX final : public GridNetwork {
 public:
  HyperX(const hardware::Platform& platform, const NodeLayout& nodes, std::vector<std::size_t> dims, Fabric& fabric)
      : GridNetwork(platform, nodes, std::move(dims)) {
    std::vector<Joint> joints;
    for (std::size_t at = 0; at < grid().switches(); ++at) {
      for (std::size_t dim = 0; dim < grid().sizes.size(); ++dim) {
        for (std::size_t there = grid().coordinate(at, dim) + 1; there < grid().sizes[dim]; ++there) {
          joints.push_back({.a = at,
                            .b = grid().moved(at, dim, there),
                            .cables = static_cast<std::size_t>(platform.scale_out.direct.links),
                            .metres = platform.scale_out.layout.spine});
        }
      }
    }
    build(platform, nodes, {{DeviceKind::leaf, grid().switches()}}, joints, fabric);
  }

  // Across the shortest dimension that has two switches: the fewest cables.
  [[nodiscard]] std::optional<bool> in_first_half(std::size_t node) const override {
    std::size_t dim = grid().sizes.size();
    for (std::size_t i = 0; i < grid().sizes.size(); ++i) {
      const std::size_t size = grid().sizes[i];
      if (size > 1 && (dim == grid().sizes.size() || size < grid().sizes[dim])) dim = i;
    }
    if (dim == grid().sizes.size()) return std::nullopt;
    return grid().coordinate(switch_of_node(node), dim) < grid().sizes[dim] / 2;
  }

 private:
  std::size_t travel(std::size_t from, std::size_t dim, std::size_t coordinate, double share,
                     std::vector<ChannelUse>& path) const override {
    const std::size_t next = grid().moved(from, dim, coordinate);
    if (next != from) cross(from, next, share, path);
    return next;
  }
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_hyperx(const hardware::Platform& platform, const NodeLayout& nodes,
                                                 Fabric& fabric) {
  return std::make_unique<HyperX>(platform, nodes, dims_of(platform), fabric);
}

std::unique_ptr<ScaleOutNetwork> generate_full_mesh(const hardware::Platform& platform, const NodeLayout& nodes,
                                                    Fabric& fabric) {
  const auto unit = static_cast<std::size_t>(std::max(platform.scale_out.unit_nodes, 1));
  return std::make_unique<HyperX>(platform, nodes, std::vector{(nodes.node_count() + unit - 1) / unit}, fabric);
}

}  // namespace aifsim::topology
