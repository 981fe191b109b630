#include "topology/group_links.hpp"

namespace aifsim::topology {

GroupLinks::GroupLinks(const hardware::Platform& platform, std::size_t groups, std::size_t switches)
    : groups_(groups), global_links_(static_cast<std::size_t>(platform.scale_out.direct.global_links)) {
  if (groups < 2) return;
  per_pair_ = switches * global_links_ / (groups - 1);
  if (per_pair_ == 0) {
    reject(platform, "scale_out.global_links",
           "cables from each group to all " + std::to_string(groups - 1) + " others",
           std::to_string(switches * global_links_) + " of a group");
  }
}

// Group `to` is number d = to - from (round the groups) for `from`: its cables come after those of the groups before.
Gateway GroupLinks::gateway(std::size_t from, std::size_t to, std::size_t cable) const {
  const std::size_t there = (to + groups_ - from) % groups_;
  const std::size_t back = groups_ - there;
  return {.out = ((there - 1) * per_pair_ + cable) / global_links_,
          .in = ((back - 1) * per_pair_ + cable) / global_links_};
}

}  // namespace aifsim::topology
