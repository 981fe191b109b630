#include "collective/patterns.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace aifsim::collective {
namespace {

// Parent in the in-order binary tree whose leaves are the odd numbers; 0 is the root.
std::size_t parent_of(std::size_t node, std::size_t count) {
  const std::size_t bit = std::size_t{1} << static_cast<unsigned>(std::countr_zero(node));
  const std::size_t up = (node ^ bit) | (bit << 1U);
  return up < count ? up : node ^ bit;
}

// The second tree: the first mirrored when the count is even, shifted by one when it is odd, so that leaves become
// inner nodes.
std::size_t complement(std::size_t node, std::size_t count) {
  return count % 2 == 0 ? count - 1 - node : (node + 1) % count;
}

using Edge = std::pair<std::size_t, std::size_t>;  // domains

// `bytes` along each edge, split over the rails; all of one sender together.
void send_along(std::vector<Edge> edges, const Layout& layout, double bytes, Traffic& traffic) {
  std::sort(edges.begin(), edges.end());
  const double share = bytes / static_cast<double>(layout.rails);
  for (std::size_t first = 0; first < edges.size();) {
    std::size_t last = first;
    while (last < edges.size() && edges[last].first == edges[first].first) ++last;
    for (std::size_t rail = 0; rail < layout.rails; ++rail) {
      for (std::size_t i = first; i < last; ++i) {
        traffic.send(layout.domains[edges[i].first][rail], layout.domains[edges[i].second][rail], share);
      }
    }
    first = last;
  }
}

// Of the shifts `first` to `last`, the middle (two where there is none) of each of `parts` stretches.
void add_middles(std::size_t first, std::size_t last, std::size_t parts, std::vector<Shift>& shifts) {
  const std::size_t count = last - first + 1;
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = first + part * count / parts;
    const std::size_t end = first + (part + 1) * count / parts;  // one past
    const std::size_t low = (begin + end - 1) / 2, high = (begin + end) / 2;
    const double half = static_cast<double>(end - begin) / 2;
    shifts.push_back({low, low == high ? 2 * half : half});
    if (low != high) shifts.push_back({high, half});
  }
}

}  // namespace

std::vector<Shift> shifts_of(std::size_t count, std::size_t most) {
  std::vector<Shift> shifts;
  if (count - 1 <= most || most < 4) {
    for (std::size_t by = 1; by < count; ++by) shifts.push_back({by, 1});
    return shifts;
  }
  add_middles(1, count / 2, most / 4, shifts);
  add_middles(count / 2 + 1, count - 1, most / 4, shifts);
  return shifts;
}

void ring_within_domains(const Layout& layout, double bytes, bool closed, Traffic& traffic) {
  for (const Members& members : layout.domains) {
    if (members.size() < 2) continue;
    const std::size_t senders = closed ? members.size() : members.size() - 1;
    for (std::size_t i = 0; i < senders; ++i) traffic.send(members[i], members[(i + 1) % members.size()], bytes);
  }
}

void ring_across_domains(const Layout& layout, double bytes, bool closed, Traffic& traffic) {
  const std::size_t count = layout.domains.size();
  if (count < 2) return;
  const bool both_ways = closed && count > 2 && traffic.rings_both_ways();
  const double each = bytes / static_cast<double>(layout.rails) / (both_ways ? 2 : 1);
  for (std::size_t d = 0; d < (closed ? count : count - 1); ++d) {
    for (std::size_t rail = 0; rail < layout.rails; ++rail) {
      traffic.send(layout.domains[d][rail], layout.domains[(d + 1) % count][rail], each);
      if (both_ways) traffic.send(layout.domains[d][rail], layout.domains[(d + count - 1) % count][rail], each);
    }
  }
}

void double_tree_across_domains(const Layout& layout, double bytes, Traffic& traffic) {
  const std::size_t count = layout.domains.size();
  std::vector<Edge> edges;
  for (std::size_t node = 1; node < count; ++node) {
    const std::size_t parent = parent_of(node, count);
    for (const auto& [a, b] :
         {std::pair{node, parent}, std::pair{complement(node, count), complement(parent, count)}}) {
      edges.emplace_back(a, b);
      edges.emplace_back(b, a);
    }
  }
  send_along(std::move(edges), layout, bytes / 2, traffic);
}

void double_tree_from_first(const Layout& layout, double bytes, bool down, Traffic& traffic) {
  const std::size_t count = layout.domains.size();
  std::vector<Edge> edges;
  const auto add = [&](std::size_t parent, std::size_t child) {
    if (child != 0 && parent != child) down ? edges.emplace_back(parent, child) : edges.emplace_back(child, parent);
  };
  add(0, complement(0, count));  // the second tree's root has its half from the first
  for (std::size_t node = 1; node < count; ++node) {
    const std::size_t parent = parent_of(node, count);
    add(parent, node);
    add(complement(parent, count), complement(node, count));
  }
  send_along(std::move(edges), layout, bytes / 2, traffic);
}

double tree_depth(std::size_t domains) { return std::ceil(std::log2(static_cast<double>(domains))); }

}  // namespace aifsim::collective
