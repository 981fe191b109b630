// The ports of one GPU under in-switch reduction and multicast.
#pragma once

#include "collective/protocol_choice.hpp"

namespace aifsim::collective {

// `up` and `down` in buffers: how often one GPU's port carries the whole buffer.
struct PortLoad {
  double up = 1;
  double down = 1;
};
// The slowest GPU of all groups. The protocol's rate counts buffers, the flow's bytes are those of the busier
// direction.
[[nodiscard]] Movement nvls_movement(const Situation& situation, PortLoad load);
// The switches can, the request may, the domain has enough of the group's ranks, and none of its ports is dead.
[[nodiscard]] bool nvls_possible(const Situation& situation);
// Each GPU reduces 1/n of the buffer: the switch reads all of every GPU's buffer (up), hands the n-th part to its owner
// (down), who sends the result (up) to everyone (down).
[[nodiscard]] PortLoad nvls_all_reduce_load(const Situation& situation);

}  // namespace aifsim::collective
