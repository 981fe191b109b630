// Who sends to whom, for the shapes that several algorithms share.
#pragma once

#include "collective/layout.hpp"
#include "collective/traffic.hpp"

namespace aifsim::collective {

// Each member to the next of its domain. `closed`: the last to the first as well.
void ring_within_domains(const Layout& layout, double bytes, bool closed, Traffic& traffic);
// Each domain to the next: `bytes` in all, split over the rails, each at another member's NIC.
void ring_across_domains(const Layout& layout, double bytes, bool closed, Traffic& traffic);
// Two complementary binary trees over the domains, half of `bytes` up and down each; every domain is a leaf of one.
void double_tree_across_domains(const Layout& layout, double bytes, Traffic& traffic);
// The same trees from the first domain down (or up to it): half of `bytes` along each.
void double_tree_from_first(const Layout& layout, double bytes, bool down, Traffic& traffic);
// Levels a message climbs in such a tree.
[[nodiscard]] double tree_depth(std::size_t domains);

}  // namespace aifsim::collective
