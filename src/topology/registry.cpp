#include <array>

#include "topology/generators.hpp"

namespace aifsim::topology {
namespace {

using hardware::ScaleOutKind;

constexpr std::array<TopologyRow, 12> rows{{
    {ScaleOutKind::none, "nodes are not joined", nullptr},
    {ScaleOutKind::fat_tree, "leaf–spine–core: all NICs of a node on one leaf, tiers as the switch radix needs",
     generate_fat_tree},
    {ScaleOutKind::rail_optimized,
     "leaf–spine–core: NIC i of all nodes of a scalable unit on leaf i, so that same-rail traffic is one hop",
     generate_rail_optimized},
    {ScaleOutKind::rail_only, "one network for each rail and none between them: NVLink forwards to the other rails",
     generate_rail_only},
    {ScaleOutKind::dual_plane, "rail-optimised twice, each with half of every NIC: flows split, or a hash picks",
     generate_rail_optimized},
    {ScaleOutKind::torus, "every switch joined to its neighbours in each of `dims`", generate_torus},
    {ScaleOutKind::hyperx, "every switch joined to all others in each of `dims`", generate_hyperx},
    {ScaleOutKind::full_mesh, "every switch joined to all others", generate_full_mesh},
    {ScaleOutKind::dragonfly, "groups of joined switches, and cables between all groups", generate_dragonfly},
    {ScaleOutKind::dragonfly_plus, "groups of leaves and spines, and cables between the spines of all groups",
     generate_dragonfly_plus},
    {ScaleOutKind::ocs_rails, "rails of optical circuits, set for the job: rings, and chords with more ports",
     generate_ocs_rails},
    {ScaleOutKind::edge_list, "any network, cable by cable", generate_edge_list},
}};

}  // namespace

std::span<const TopologyRow> topology_rows() { return rows; }

std::vector<hardware::CatalogEntry> list_topologies() {
  std::vector<hardware::CatalogEntry> entries;
  for (const TopologyRow& row : rows) {
    const std::string_view name = hardware::topology_names()[static_cast<std::size_t>(row.kind)];
    entries.push_back({std::string(name), std::string(row.summary)});
  }
  return entries;
}

}  // namespace aifsim::topology
