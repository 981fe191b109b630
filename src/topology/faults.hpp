// Slow and dead parts: what a platform file says of them, put into the fabric.
#pragma once

#include "topology/fabric.hpp"

namespace aifsim::topology {

void apply_faults(const hardware::Platform& platform, Topology& topology);

}  // namespace aifsim::topology
