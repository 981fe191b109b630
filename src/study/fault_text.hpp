// What is said of flows that a fault moved.
#pragma once

#include <string>

#include "study/fault_watch.hpp"

namespace aifsim::study {

// "12 flows, first tp_comm:ring: from node0/nic1→leaf1 … to node0/nic0→leaf0 … (rail-aligned routing, known after 30
// s)"
[[nodiscard]] std::string rerouted_text(const FaultEffect& effect, const topology::Fabric& fabric,
                                        const hardware::Platform& platform, const topology::NetworkChange& change);

}  // namespace aifsim::study
