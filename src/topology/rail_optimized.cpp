// Rail-optimised tree: NIC i of all nodes of one scalable unit plugs into leaf i of that unit (NVIDIA DGX SuperPOD
// reference architecture, network fabrics).
#include <algorithm>

#include "topology/generators.hpp"
#include "topology/planes.hpp"
#include "topology/tree_network.hpp"

namespace aifsim::topology {
namespace {

class RailLeaves final : public LeafMap {
 public:
  RailLeaves(const hardware::Platform& platform, const NodeLayout& nodes) : rails_(nodes.rails()) {
    const auto unit = static_cast<std::size_t>(platform.scale_out.unit_nodes);
    const auto pod = static_cast<std::size_t>(platform.scale_out.pod_nodes);
    // So small that one switch takes every NIC: nobody buys eight.
    if (unit == 0 && nodes.nic_count() <= radix(platform, 0) && pod == 0) {
      shape_.down = nodes.nic_count();
      return;
    }
    shape_.down = leaf_ports_down(platform, unit);
    const std::size_t units = (nodes.node_count() + shape_.down - 1) / shape_.down;
    shape_.leaves = units * rails_;
    shape_.granule = rails_;
    shape_.pod_leaves = (pod + shape_.down - 1) / shape_.down * rails_;
  }

  [[nodiscard]] std::size_t leaf_of(const NicPlace& nic) const override {
    return shape_.leaves == 1 ? 0 : nic.node / shape_.down * rails_ + nic.index;
  }
  [[nodiscard]] LeafShape shape() const override { return shape_; }

 private:
  std::size_t rails_;
  LeafShape shape_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_rail_optimized(const hardware::Platform& platform, const NodeLayout& nodes,
                                                         Fabric& fabric) {
  return make_planes(platform, [&](const hardware::Platform& plane, TreePart part) {
    return make_tree(plane, nodes, std::make_unique<RailLeaves>(plane, nodes), fabric, part);
  });
}

}  // namespace aifsim::topology
