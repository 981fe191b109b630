// Who sends to whom, for the shapes that several algorithms share.
#pragma once

#include "collective/layout.hpp"
#include "collective/traffic.hpp"

namespace aifsim::collective {

// Shifts by 1 … count - 1 of `count` places, or some that stand for all of them where there are more than `most`: the
// middles of equal stretches below and above the half way round, so that what they load on a cut between halves is what
// all shifts load on average (it grows with the shift up to the half and falls from there).
struct Shift {
  std::size_t by = 0;
  double stands_for = 1;
};
[[nodiscard]] std::vector<Shift> shifts_of(std::size_t count, std::size_t most);

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
