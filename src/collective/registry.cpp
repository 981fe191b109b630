// Every algorithm, in the order in which ties are decided.
#include <array>

#include "collective/algorithm.hpp"

namespace aifsim::collective {

std::span<const Algorithm* const> algorithms() {
  static constexpr std::array<const Algorithm*, 16> table{
      &ring,     &tree,   &nvls,         &nvls_tree,        &chain, &tree_broadcast, &direct, &pxn,
      &pairwise, &expert, &hierarchical, &halving_doubling, &sharp, &send_receive,   &custom, &expert_nvlink};
  return table;
}

std::vector<hardware::CatalogEntry> list_algorithms() {
  std::vector<hardware::CatalogEntry> entries;
  for (const Algorithm* algorithm : algorithms()) {
    entries.push_back({std::string(algorithm->name), std::string(algorithm->summary)});
  }
  return entries;
}

}  // namespace aifsim::collective
