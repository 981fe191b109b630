// Switch numbers as coordinates, the first dimension fastest, and ways that go dimension by dimension.
#pragma once

#include <numeric>

#include "topology/direct_network.hpp"

namespace aifsim::topology {

struct Grid {
  std::vector<std::size_t> sizes, strides;

  explicit Grid(std::vector<std::size_t> dims) : sizes(std::move(dims)) {
    std::size_t stride = 1;
    for (const std::size_t size : sizes) {
      strides.push_back(stride);
      stride *= size;
    }
  }
  [[nodiscard]] std::size_t switches() const {
    return std::accumulate(sizes.begin(), sizes.end(), std::size_t{1}, std::multiplies<>());
  }
  [[nodiscard]] std::size_t coordinate(std::size_t at, std::size_t dim) const { return at / strides[dim] % sizes[dim]; }
  [[nodiscard]] std::size_t moved(std::size_t at, std::size_t dim, std::size_t coordinate_there) const {
    return at + (coordinate_there - coordinate(at, dim)) * strides[dim];
  }
};

// Torus and HyperX: dimension-order routing goes through the dimensions in their order; ECMP hashes the dimension it
// begins with, adaptive routing spreads a flow over all beginnings.
class GridNetwork : public DirectNetwork {
 protected:
  GridNetwork(const hardware::Platform& platform, const NodeLayout& nodes, std::vector<std::size_t> dims);
  [[nodiscard]] const Grid& grid() const { return grid_; }
  void route(std::size_t from, std::size_t to, std::uint64_t hash, std::vector<ChannelUse>& path) const final;
  // Appends the cables along one dimension and gives the switch reached.
  virtual std::size_t travel(std::size_t from, std::size_t dim, std::size_t coordinate, double share,
                             std::vector<ChannelUse>& path) const = 0;

 private:
  void route_from(std::size_t begin, std::size_t from, std::size_t to, double share,
                  std::vector<ChannelUse>& path) const;
  Grid grid_;
};

[[nodiscard]] std::vector<std::size_t> dims_of(const hardware::Platform& platform);

}  // namespace aifsim::topology
