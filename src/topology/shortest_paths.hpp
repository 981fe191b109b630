// Shortest paths in any graph of switches, found on request: distances to a destination are kept for a while, never for
// all pairs.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/ids.hpp"

namespace aifsim::topology {

struct GraphEdge {
  std::size_t from = 0, to = 0;
  ChannelId channel;
  double weight = 1;  // share of a sprayed flow among equals: parallel cables
};

class ShortestPaths {
 public:
  ShortestPaths(std::size_t vertices, std::vector<GraphEdge> edges);
  ~ShortestPaths();
  ShortestPaths(ShortestPaths&&) noexcept;
  ShortestPaths& operator=(ShortestPaths&&) noexcept;

  // Append `share` of a flow on one shortest path (`hash` picks) or on all of them. False when there is none.
  bool append_hashed(std::size_t from, std::size_t to, std::uint64_t hash, std::vector<ChannelUse>& path) const;
  bool append_sprayed(std::size_t from, std::size_t to, std::vector<ChannelUse>& path) const;
  [[nodiscard]] std::size_t count(std::size_t from, std::size_t to) const;  // of shortest paths
  [[nodiscard]] ChannelId edge(std::size_t from, std::size_t to) const;     // invalid when they are not neighbours

 private:
  using Distances = std::vector<std::uint16_t>;
  struct Graph;
  [[nodiscard]] const Distances& distances_to(std::size_t to) const;
  std::unique_ptr<Graph> graph_;
  std::vector<GraphEdge> edges_;    // by `from`, then `to`
  std::vector<std::size_t> first_;  // of each vertex's edges
  mutable std::unordered_map<std::size_t, Distances> known_;
};

// The finaliser of SplitMix64 (Steele et al., OOPSLA 2014): every input bit reaches every output bit.
[[nodiscard]] std::uint64_t mix(std::uint64_t value);

}  // namespace aifsim::topology
