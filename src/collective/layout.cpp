#include "collective/layout.hpp"

#include <algorithm>
#include <utility>

namespace aifsim::collective {

Layout lay_out(std::span<const DeviceId> group, const topology::Routing& routing) {
  std::vector<std::pair<std::uint32_t, DeviceId>> sorted;
  sorted.reserve(group.size());
  for (const DeviceId gpu : group) sorted.emplace_back(routing.nvlink_domain(gpu), gpu);
  std::sort(sorted.begin(), sorted.end());
  Layout layout;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i].first != sorted[i - 1].first) layout.domains.emplace_back();
    layout.domains.back().push_back(sorted[i].second);
  }
  layout.rails = group.size();
  for (const Members& members : layout.domains) layout.rails = std::min(layout.rails, members.size());
  return layout;
}

Members in_order(const Layout& layout) {
  Members all;
  for (const Members& members : layout.domains) all.insert(all.end(), members.begin(), members.end());
  return all;
}

}  // namespace aifsim::collective
