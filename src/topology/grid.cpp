#include "topology/grid.hpp"

namespace aifsim::topology {

GridNetwork::GridNetwork(const hardware::Platform& platform, const NodeLayout& nodes, std::vector<std::size_t> dims)
    : DirectNetwork(platform, nodes), grid_(std::move(dims)) {
  if (grid_.switches() == access_switches()) return;
  const std::string nodes_each =
      platform.scale_out.unit_nodes > 1 ? " of " + std::to_string(platform.scale_out.unit_nodes) + " nodes" : "";
  reject(platform, "scale_out.dims",
         "sizes that multiply to the " + std::to_string(access_switches()) + " switches" + nodes_each,
         std::to_string(grid_.switches()));
}

void GridNetwork::route(std::size_t from, std::size_t to, std::uint64_t hash, std::vector<ChannelUse>& path) const {
  const std::size_t dims = grid_.sizes.size();
  if (!sprayed()) return route_from(hashed() ? hash % dims : 0, from, to, 1, path);
  // Beginnings in dimensions that need no step would only repeat the next one's way.
  std::vector<std::size_t> beginnings;
  for (std::size_t dim = 0; dim < dims; ++dim) {
    if (grid_.coordinate(from, dim) != grid_.coordinate(to, dim)) beginnings.push_back(dim);
  }
  for (const std::size_t dim : beginnings) route_from(dim, from, to, 1 / static_cast<double>(beginnings.size()), path);
}

void GridNetwork::route_from(std::size_t begin, std::size_t from, std::size_t to, double share,
                             std::vector<ChannelUse>& path) const {
  for (std::size_t i = 0; i < grid_.sizes.size(); ++i) {
    const std::size_t dim = (begin + i) % grid_.sizes.size();
    from = travel(from, dim, grid_.coordinate(to, dim), share, path);
  }
}

std::vector<std::size_t> dims_of(const hardware::Platform& platform) {
  return {platform.scale_out.direct.dims.begin(), platform.scale_out.direct.dims.end()};
}

}  // namespace aifsim::topology
