// Torus of any dimensions: every switch has two neighbours in each (one where the size is two).
#include <algorithm>

#include "topology/generators.hpp"
#include "topology/grid.hpp"

namespace aifsim::topology {
namespace {

class Torus final : public GridNetwork {
 public:
  Torus(const hardware::Platform& platform, const NodeLayout& nodes, Fabric& fabric)
      : GridNetwork(platform, nodes, dims_of(platform)) {
    std::vector<Joint> joints;
    for (std::size_t at = 0; at < grid().switches(); ++at) {
      for (std::size_t dim = 0; dim < grid().sizes.size(); ++dim) {
        const std::size_t size = grid().sizes[dim];
        const std::size_t here = grid().coordinate(at, dim);
        if (size == 1 || (size == 2 && here == 1)) continue;
        joints.push_back({.a = at,
                          .b = grid().moved(at, dim, (here + 1) % size),
                          .cables = static_cast<std::size_t>(platform.scale_out.direct.links),
                          .metres = platform.scale_out.layout.spine});
      }
    }
    build(platform, nodes, {{DeviceKind::leaf, grid().switches()}}, joints, fabric);
  }

  // Across the longest dimension.
  [[nodiscard]] std::optional<bool> in_first_half(std::size_t node) const override {
    const auto longest = std::max_element(grid().sizes.begin(), grid().sizes.end());
    const auto dim = static_cast<std::size_t>(longest - grid().sizes.begin());
    return grid().coordinate(switch_of_node(node), dim) < *longest / 2;
  }

 private:
  // The shorter way round; where both are as long, even switches go up and odd ones down.
  std::size_t travel(std::size_t from, std::size_t dim, std::size_t coordinate, double share,
                     std::vector<ChannelUse>& path) const override {
    const std::size_t size = grid().sizes[dim];
    std::size_t here = grid().coordinate(from, dim);
    const std::size_t up = (coordinate + size - here) % size;
    const bool goes_up = 2 * up < size || (2 * up == size && here % 2 == 0);
    while (here != coordinate) {
      here = (here + (goes_up ? 1 : size - 1)) % size;
      const std::size_t next = grid().moved(from, dim, here);
      cross(from, next, share, path);
      from = next;
    }
    return from;
  }
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_torus(const hardware::Platform& platform, const NodeLayout& nodes,
                                                Fabric& fabric) {
  return std::make_unique<Torus>(platform, nodes, fabric);
}

}  // namespace aifsim::topology
