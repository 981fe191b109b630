// The topologies. A new one is a file that defines its generator, a declaration here, and a row in registry.cpp.
#pragma once

#include <memory>
#include <span>

#include "topology/node_layout.hpp"
#include "topology/scale_out_network.hpp"

namespace aifsim::topology {

using Generator = std::unique_ptr<ScaleOutNetwork> (*)(const hardware::Platform&, const NodeLayout&, Fabric&);

std::unique_ptr<ScaleOutNetwork> generate_fat_tree(const hardware::Platform& platform, const NodeLayout& nodes,
                                                   Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_rail_optimized(const hardware::Platform& platform, const NodeLayout& nodes,
                                                         Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_rail_only(const hardware::Platform& platform, const NodeLayout& nodes,
                                                    Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_torus(const hardware::Platform& platform, const NodeLayout& nodes,
                                                Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_hyperx(const hardware::Platform& platform, const NodeLayout& nodes,
                                                 Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_full_mesh(const hardware::Platform& platform, const NodeLayout& nodes,
                                                    Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_dragonfly(const hardware::Platform& platform, const NodeLayout& nodes,
                                                    Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_dragonfly_plus(const hardware::Platform& platform, const NodeLayout& nodes,
                                                         Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_ocs_rails(const hardware::Platform& platform, const NodeLayout& nodes,
                                                    Fabric& fabric);
std::unique_ptr<ScaleOutNetwork> generate_edge_list(const hardware::Platform& platform, const NodeLayout& nodes,
                                                    Fabric& fabric);

struct TopologyRow {
  hardware::ScaleOutKind kind;
  std::string_view summary;
  Generator generate;  // null where nodes are not joined
};
[[nodiscard]] std::span<const TopologyRow> topology_rows();

}  // namespace aifsim::topology
