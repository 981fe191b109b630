#pragma once

#include "topology/node_layout.hpp"
#include "topology/scale_out_network.hpp"

namespace aifsim::topology {

// Optical rails with `policy: per-phase`.
std::unique_ptr<ScaleOutNetwork> generate_ocs_phases(const hardware::Platform& platform, const NodeLayout& nodes,
                                                     Fabric& fabric);

}  // namespace aifsim::topology
