// How many switches a tree needs, and how they are cabled. Pure arithmetic; tree_network.cpp makes devices of it.
//
// A *block* of tier t is a subtree: its top switches (`roots`, all of tier t) and the blocks of tier t - 1 below them.
// Root r of a block of tier t - 1 has `uplinks` cables, spread evenly over the roots r * spread … r * spread + spread -
// 1 of the block above (an extended generalized fat tree: Öhring et al., "On generalized fat trees", IPPS 1995).
#pragma once

#include <cstddef>
#include <vector>

#include "hardware/platform.hpp"

namespace aifsim::topology {

struct TreeTier {
  std::size_t blocks = 1;
  std::size_t children = 0;  // blocks of the tier below in one block; for leaves: NIC ports
  std::size_t roots = 1;     // switches of this tier in one block
  std::size_t spread = 1;    // over how many roots of this tier one root of the tier below spreads its cables
  std::size_t uplinks = 0;   // cables of one switch to the tier above; 0 at the top
  std::size_t ports = 0;     // of one switch, at the cables' rate
  [[nodiscard]] std::size_t switches() const { return blocks * roots; }
};

// What the leaves look like, before anything is above them.
struct LeafShape {
  std::size_t leaves = 1;
  std::size_t down = 1;        // NIC ports of one leaf
  std::size_t granule = 1;     // leaves that stay in one pod: the rails of a scalable unit
  std::size_t pod_leaves = 0;  // as the file says; 0 = as the radix allows
};

// The rate of every cable: the fastest NIC's.
[[nodiscard]] BytesPerSecond cable_rate(const hardware::Platform& platform);
// Ports of a tier's switch at that rate: a faster port is split (64 x 800G = 128 x 400G), slower ones are bundled.
[[nodiscard]] std::size_t radix(const hardware::Platform& platform, std::size_t tier);
// The most ports below one switch of a tier that leave enough for the oversubscription above.
[[nodiscard]] std::size_t ports_down(const hardware::Platform& platform, std::size_t tier);
// Ports below one leaf. `unit_ports`: as the file's unit_nodes asks; 0 = as the radix allows.
[[nodiscard]] std::size_t leaf_ports_down(const hardware::Platform& platform, std::size_t unit_ports);
// Cables of one switch to the tier below.
[[nodiscard]] std::size_t cables_below(const std::vector<TreeTier>& tiers, std::size_t tier);
[[nodiscard]] std::vector<TreeTier> plan_tree(const hardware::Platform& platform, const LeafShape& shape);

}  // namespace aifsim::topology
