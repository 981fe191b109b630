// What a plan costs where optical circuits are set anew for each phase of communication.
#pragma once

#include "collective/algorithm.hpp"

namespace aifsim::collective {

// The circuits that a plan begins with are there: whoever lays it down has turned them (or, in a collective alone, they
// were set before it began). A NIC that has more peers than ports meets them in rounds, each with a turn before it. An
// all_to_all is forwarded over a ring of circuits instead where that is faster. Elsewhere the plan stays as it is.
[[nodiscard]] CollectivePlan on_circuits(CollectivePlan plan, const Situation& situation);

// Does it use circuits that turn?
[[nodiscard]] bool uses_turning_circuits(const CollectivePlan& plan, const topology::Topology& topology);

// For a plan whose sender shares its NIC's ports among `peers` and reaches one of them with it.
void share_ports(CollectivePlan& plan, std::size_t peers, const topology::Topology& topology);

}  // namespace aifsim::collective
