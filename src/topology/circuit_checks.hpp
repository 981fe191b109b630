// What both kinds of optical rails need of their switch, its ports and its light.
#pragma once

#include "topology/node_layout.hpp"
#include "topology/scale_out_network.hpp"

namespace aifsim::topology {

// Throws the ConfigError of a platform that cannot be wired so.
void check_circuits(const hardware::Platform& platform, const NodeLayout& nodes);

// Optical switches of one rail. Circuits of one set lie on any switch, since a ring can be cut between switches; where
// they turn, port i of every NIC lies on one switch, so that any two NICs can be joined.
[[nodiscard]] std::size_t circuit_switches(const hardware::Platform& platform, std::size_t nodes);

}  // namespace aifsim::topology
