// How the ranks of a group lie in NVLink domains.
#pragma once

#include <span>
#include <vector>

#include "base/ids.hpp"
#include "topology/fabric.hpp"

namespace aifsim::collective {

using Members = std::vector<DeviceId>;

// Ordered by domain and device, not by rank: NCCL too builds its rings and trees from what it finds, so equal ranks may
// be permuted.
struct Layout {
  std::vector<Members> domains;
  // Rings that NCCL lays through the group, each crossing between domains at another member's NIC.
  std::size_t rails = 1;
};

// All ranks, domain after domain.
[[nodiscard]] Members in_order(const Layout& layout);
[[nodiscard]] Layout lay_out(std::span<const DeviceId> group, const topology::Routing& routing);

}  // namespace aifsim::collective
