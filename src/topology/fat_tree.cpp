// Plain fat tree: NICs plug into leaves in their order, whole nodes to a leaf where its ports allow.
#include <algorithm>

#include "topology/generators.hpp"
#include "topology/planes.hpp"
#include "topology/tree_network.hpp"

namespace aifsim::topology {
namespace {

class PackedLeaves final : public LeafMap {
 public:
  PackedLeaves(const hardware::Platform& platform, const NodeLayout& nodes) {
    const auto unit = static_cast<std::size_t>(platform.scale_out.unit_nodes);
    const auto pod = static_cast<std::size_t>(platform.scale_out.pod_nodes);
    const std::size_t node_ports = nodes.rails();
    if (unit == 0 && nodes.nic_count() <= radix(platform, 0) && pod == 0) {
      shape_.down = nodes.nic_count();
      return;
    }
    const std::size_t ports = leaf_ports_down(platform, unit * node_ports);
    shape_.down = ports >= node_ports ? ports / node_ports * node_ports : ports;
    shape_.leaves = (nodes.nic_count() + shape_.down - 1) / shape_.down;
    shape_.pod_leaves = (pod * node_ports + shape_.down - 1) / shape_.down;
  }

  [[nodiscard]] std::size_t leaf_of(const NicPlace& nic) const override { return nic.ordinal / shape_.down; }
  [[nodiscard]] LeafShape shape() const override { return shape_; }

 private:
  LeafShape shape_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_fat_tree(const hardware::Platform& platform, const NodeLayout& nodes,
                                                   Fabric& fabric) {
  return make_planes(platform, [&](const hardware::Platform& plane, TreePart part) {
    return make_tree(plane, nodes, std::make_unique<PackedLeaves>(plane, nodes), fabric, part);
  });
}

}  // namespace aifsim::topology
