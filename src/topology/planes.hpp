// Separate networks side by side: planes, each with its share of every NIC, or rails.
#pragma once

#include <functional>
#include <memory>

#include "topology/tree_network.hpp"

namespace aifsim::topology {

using MakePlane = std::function<std::unique_ptr<ScaleOutNetwork>(const hardware::Platform& plane, TreePart part)>;

// As many planes as the platform says; one is the network itself. A flow is split over the planes (adaptive), or a hash
// picks one (ECMP).
[[nodiscard]] std::unique_ptr<ScaleOutNetwork> make_planes(const hardware::Platform& platform, const MakePlane& make);

// The switches of all parts, tier by tier.
[[nodiscard]] std::vector<TierCount> tiers_of(const std::vector<std::unique_ptr<ScaleOutNetwork>>& parts);

}  // namespace aifsim::topology
