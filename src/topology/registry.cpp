#include <array>

#include "topology/generators.hpp"

namespace aifsim::topology {
namespace {

using hardware::ScaleOutKind;

constexpr std::array<TopologyRow, 3> rows{{
    {ScaleOutKind::none, "none", "nodes are not joined", nullptr},
    {ScaleOutKind::fat_tree, "fat-tree",
     "leaf–spine–core: all NICs of a node on one leaf, tiers as the switch radix needs", generate_fat_tree},
    {ScaleOutKind::rail_optimized, "rail-optimized",
     "leaf–spine–core: NIC i of all nodes of a scalable unit on leaf i, so that same-rail traffic is one hop",
     generate_rail_optimized},
}};

}  // namespace

std::span<const TopologyRow> topology_rows() { return rows; }

std::vector<hardware::CatalogEntry> list_topologies() {
  std::vector<hardware::CatalogEntry> entries;
  for (const TopologyRow& row : rows) entries.push_back({std::string(row.name), std::string(row.summary)});
  return entries;
}

}  // namespace aifsim::topology
