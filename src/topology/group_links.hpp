// The cables between the groups of a dragonfly: every pair of groups has the same number of them, spread over the
// switches of both.
#pragma once

#include <vector>

#include "topology/direct_network.hpp"

namespace aifsim::topology {

struct Gateway {
  std::size_t out = 0, in = 0;  // switches within their groups
};

class GroupLinks {
 public:
  // `switches` of one group have `global_links` cables each.
  GroupLinks(const hardware::Platform& platform, std::size_t groups, std::size_t switches);
  [[nodiscard]] std::size_t groups() const { return groups_; }
  [[nodiscard]] std::size_t per_pair() const { return per_pair_; }
  // Where the cable leaves group `from` and enters `to`.
  [[nodiscard]] Gateway gateway(std::size_t from, std::size_t to, std::size_t cable) const;
  // visit(from, to, gateway, cables) for all, parallel ones together.
  template <typename Visitor>
  void for_each(Visitor visit) const {
    for (std::size_t from = 0; from < groups_; ++from) {
      for (std::size_t to = from + 1; to < groups_; ++to) {
        for (std::size_t cable = 0, next = 0; cable < per_pair_; cable = next) {
          const Gateway here = gateway(from, to, cable);
          for (next = cable; next < per_pair_ && same(gateway(from, to, next), here);) ++next;
          visit(from, to, here, next - cable);
        }
      }
    }
  }

 private:
  [[nodiscard]] static bool same(Gateway a, Gateway b) { return a.out == b.out && a.in == b.in; }
  std::size_t groups_, global_links_, per_pair_ = 0;
};

// Of the ways over each of a pair's cables, those with the fewest hops take part: one that the hash picks, or all.
template <typename Hops, typename Append>
void over_gateways(const GroupLinks& links, std::size_t from, std::size_t to, bool spray, std::uint64_t hash, Hops hops,
                   Append append) {
  std::size_t least = ~std::size_t{0};
  std::vector<Gateway> best;
  for (std::size_t cable = 0; cable < links.per_pair(); ++cable) {
    const Gateway gateway = links.gateway(from, to, cable);
    const std::size_t length = hops(gateway);
    if (length < least) best.clear();
    least = std::min(least, length);
    if (length == least) best.push_back(gateway);
  }
  if (!spray) return append(best[hash % best.size()], 1.0);
  for (const Gateway& gateway : best) append(gateway, 1.0 / static_cast<double>(best.size()));
}

}  // namespace aifsim::topology
