// Which kind of node a GPU sits in.
#pragma once

#include "hardware/platform.hpp"
#include "topology/fabric.hpp"

namespace aifsim::topology {

// InternalError when it is no GPU of the platform.
[[nodiscard]] const hardware::NodeSpec& node_of(DeviceId gpu, const hardware::Platform& platform, const Fabric& fabric);

}  // namespace aifsim::topology
