// A tree of switches above the NICs: leaf, spine, core, … What differs between topologies is which leaf a NIC plugs
// into.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "topology/node_layout.hpp"
#include "topology/scale_out_network.hpp"
#include "topology/tree_plan.hpp"

namespace aifsim::topology {

// Which leaf a NIC plugs into, and what that asks of the tree.
class LeafMap {
 public:
  virtual ~LeafMap() = default;
  [[nodiscard]] virtual std::size_t leaf_of(const NicPlace& nic) const = 0;
  [[nodiscard]] virtual LeafShape shape() const = 0;
};

// Of several trees side by side, what this one takes.
struct TreePart {
  std::optional<std::size_t> rail;  // only NICs of this index, one of every node
  double nic_share = 1;             // of each NIC's bandwidth
};

// Adds the switches and their cables to the fabric. With adaptive routing all roots of a block are one device and their
// cables one channel; under ECMP every switch and cable is there, and a hash of source, destination and flow picks.
[[nodiscard]] std::unique_ptr<ScaleOutNetwork> make_tree(const hardware::Platform& platform, const NodeLayout& nodes,
                                                         std::unique_ptr<LeafMap> leaf_map, Fabric& fabric,
                                                         TreePart part = {});

}  // namespace aifsim::topology
