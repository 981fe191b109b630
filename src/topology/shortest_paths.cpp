#include "topology/shortest_paths.hpp"

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <limits>

namespace aifsim::topology {
namespace {

constexpr std::uint16_t far = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t most_kept = 8'000'000;  // distances: 16 MB

}  // namespace

// Every edge turned round: a search from the destination finds the distances to it.
struct ShortestPaths::Graph {
  boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, boost::no_property, boost::no_property,
                                     std::uint32_t, std::uint32_t>
      reversed;
};

ShortestPaths::ShortestPaths(std::size_t vertices, std::vector<GraphEdge> edges)
    : graph_(std::make_unique<Graph>()), edges_(std::move(edges)), first_(vertices + 1, 0) {
  std::stable_sort(edges_.begin(), edges_.end(), [](const GraphEdge& a, const GraphEdge& b) {
    return std::pair(a.from, a.to) < std::pair(b.from, b.to);
  });
  std::vector<std::pair<std::uint32_t, std::uint32_t>> reversed;
  for (const GraphEdge& edge : edges_) {
    ++first_[edge.from + 1];
    reversed.emplace_back(static_cast<std::uint32_t>(edge.to), static_cast<std::uint32_t>(edge.from));
  }
  for (std::size_t vertex = 0; vertex < vertices; ++vertex) first_[vertex + 1] += first_[vertex];
  graph_->reversed = {boost::edges_are_unsorted_multi_pass, reversed.begin(), reversed.end(),
                      static_cast<std::uint32_t>(vertices)};
}
ShortestPaths::~ShortestPaths() = default;
ShortestPaths::ShortestPaths(ShortestPaths&&) noexcept = default;
ShortestPaths& ShortestPaths::operator=(ShortestPaths&&) noexcept = default;

const ShortestPaths::Distances& ShortestPaths::distances_to(std::size_t to) const {
  const auto found = known_.find(to);
  if (found != known_.end()) return found->second;
  const std::size_t vertices = first_.size() - 1;
  if ((known_.size() + 1) * vertices > most_kept) known_.clear();
  Distances& distances = known_.emplace(to, Distances(vertices, far)).first->second;
  distances[to] = 0;
  boost::breadth_first_search(
      graph_->reversed, static_cast<std::uint32_t>(to),
      boost::visitor(boost::make_bfs_visitor(boost::record_distances(distances.data(), boost::on_tree_edge()))));
  return distances;
}

bool ShortestPaths::append_hashed(std::size_t from, std::size_t to, std::uint64_t hash,
                                  std::vector<ChannelUse>& path) const {
  const Distances& left = distances_to(to);
  if (left[from] == far) return false;
  while (from != to) {
    double total = 0;
    for (std::size_t i = first_[from]; i < first_[from + 1]; ++i) {
      if (left[edges_[i].to] + 1 == left[from]) total += edges_[i].weight;
    }
    double pick = total * static_cast<double>(hash >> 11U) * 0x1p-53;
    std::size_t chosen = first_[from];
    for (std::size_t i = first_[from]; i < first_[from + 1] && pick >= 0; ++i) {
      if (left[edges_[i].to] + 1 != left[from]) continue;
      chosen = i;
      pick -= edges_[i].weight;
    }
    path.push_back({edges_[chosen].channel});
    from = edges_[chosen].to;
    hash = mix(hash);
  }
  return true;
}

bool ShortestPaths::append_sprayed(std::size_t from, std::size_t to, std::vector<ChannelUse>& path) const {
  const Distances& left = distances_to(to);
  if (left[from] == far) return false;
  std::vector<std::pair<std::size_t, double>> here{{from, 1.0}}, next;
  while (here.front().first != to) {
    next.clear();
    for (const auto& [vertex, share] : here) {
      double total = 0;
      for (std::size_t i = first_[vertex]; i < first_[vertex + 1]; ++i) {
        if (left[edges_[i].to] + 1 == left[vertex]) total += edges_[i].weight;
      }
      for (std::size_t i = first_[vertex]; i < first_[vertex + 1]; ++i) {
        if (left[edges_[i].to] + 1 != left[vertex]) continue;
        const double part = share * edges_[i].weight / total;
        path.push_back({edges_[i].channel, part});
        const auto known =
            std::find_if(next.begin(), next.end(), [&](const auto& entry) { return entry.first == edges_[i].to; });
        if (known == next.end()) {
          next.emplace_back(edges_[i].to, part);
        } else {
          known->second += part;
        }
      }
    }
    std::swap(here, next);
  }
  return true;
}

std::size_t ShortestPaths::count(std::size_t from, std::size_t to) const {
  const Distances& left = distances_to(to);
  if (left[from] == far) return 0;
  std::unordered_map<std::size_t, std::size_t> here{{from, 1}};
  for (std::uint16_t distance = left[from]; distance > 0; --distance) {
    std::unordered_map<std::size_t, std::size_t> next;
    for (const auto& [vertex, paths] : here) {
      for (std::size_t i = first_[vertex]; i < first_[vertex + 1]; ++i) {
        if (left[edges_[i].to] + 1 == left[vertex]) next[edges_[i].to] += paths;
      }
    }
    here = std::move(next);
  }
  return here[to];
}

ChannelId ShortestPaths::edge(std::size_t from, std::size_t to) const {
  const auto begin = edges_.begin() + static_cast<std::ptrdiff_t>(first_[from]);
  const auto end = edges_.begin() + static_cast<std::ptrdiff_t>(first_[from + 1]);
  const auto found =
      std::lower_bound(begin, end, to, [](const GraphEdge& edge, std::size_t wanted) { return edge.to < wanted; });
  return found != end && found->to == to ? found->channel : ChannelId{};
}

// The finaliser of SplitMix64 (Steele et al., OOPSLA 2014): every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace aifsim::topology
