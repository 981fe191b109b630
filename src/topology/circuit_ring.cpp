#include "topology/circuit_ring.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "topology/shortest_paths.hpp"

namespace aifsim::topology {

CircuitRing::CircuitRing(std::size_t members, std::size_t ports) : members_(members), ports_(ports) {
  ensure(ports % 2 == 0 && ports > 0, "every chord has two ends");
  // Chords of lengths 1, n^(1/k), n^(2/k) …: the diameter of k strides is about k/2 n^(1/k).
  for (std::size_t i = 0; i < ports / 2; ++i) {
    const double exponent = static_cast<double>(i) / (static_cast<double>(ports) / 2);
    strides_.push_back(static_cast<std::size_t>(std::llround(std::pow(static_cast<double>(members), exponent))));
  }
  std::vector<GraphEdge> edges;
  for (std::size_t member = 0; member < members; ++member) {
    for (std::size_t port = 0; port < ports; ++port)
      edges.push_back({member, neighbour(member, port), ChannelId{port}});
  }
  // The ring looks the same from every member: one search tells the first step to any distance.
  const ShortestPaths paths(members, std::move(edges));
  first_port_.resize(members, 0);
  std::vector<ChannelUse> way;
  for (std::size_t distance = 1; distance < members; ++distance) {
    way.clear();
    ensure(paths.append_hashed(0, distance, mix(distance), way), "a ring reaches every member");
    first_port_[distance] = way.front().channel.index();
  }
}

std::size_t CircuitRing::neighbour(std::size_t member, std::size_t port) const {
  const std::size_t step = strides_[port / 2] % members_;
  return (member + (port % 2 == 0 ? step : members_ - step)) % members_;
}

std::size_t CircuitRing::port_towards(std::size_t from, std::size_t to) const {
  return first_port_[(to + members_ - from) % members_];
}

double CircuitRing::forwarding_load() const {
  if (members_ < 2) return 1;
  std::vector<double> crossings(ports_, 0);
  for (std::size_t to = 1; to < members_; ++to) {
    for (std::size_t at = 0; at != to; at = neighbour(at, port_towards(at, to))) ++crossings[port_towards(at, to)];
  }
  const double fullest = *std::max_element(crossings.begin(), crossings.end());
  return fullest * static_cast<double>(ports_) / static_cast<double>(members_ - 1);
}

double CircuitRing::mean_hops() const {
  if (members_ < 2) return 1;
  double hops = 0;
  for (std::size_t to = 1; to < members_; ++to) {
    for (std::size_t at = 0; at != to; at = neighbour(at, port_towards(at, to))) ++hops;
  }
  return hops / static_cast<double>(members_ - 1);
}

}  // namespace aifsim::topology
