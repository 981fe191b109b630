// Questions about the fabric as a graph, answered by Boost.Graph. They know nothing of the routing arithmetic: they are
// what it is checked against.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "topology/fabric.hpp"

namespace aifsim::topology {

inline constexpr std::uint32_t unreachable = ~0u;

// Every GPU reaches every other one.
[[nodiscard]] bool gpus_connected(const Fabric& fabric);
// Fewest channels from one GPU to each device; GPUs pass nothing on.
[[nodiscard]] std::vector<std::uint32_t> hops_from(const Fabric& fabric, DeviceId gpu);
// Fewest channels between two GPUs over their own NICs: no detour through another GPU's NIC, even if shorter.
[[nodiscard]] std::uint32_t hops_between(const Fabric& fabric, const Routing& routing, DeviceId source,
                                         DeviceId destination);
// The most hops between any of `sources` and any GPU.
[[nodiscard]] std::uint32_t diameter(const Fabric& fabric, std::span<const DeviceId> sources);
// The path's channels follow each other from source to destination.
[[nodiscard]] bool is_walk(const Fabric& fabric, DeviceId source, DeviceId destination,
                           std::span<const ChannelUse> path);

}  // namespace aifsim::topology
