// A ring of optical circuits with chords: what a fixed set of circuits can reach, and at what cost.
#pragma once

#include <cstddef>
#include <vector>

namespace aifsim::topology {

class CircuitRing {
 public:
  // Of `members`, each with an even number of `ports`.
  CircuitRing(std::size_t members, std::size_t ports);

  [[nodiscard]] std::size_t members() const { return members_; }
  // Port 2 i leads `strides()[i]` members up, port 2 i + 1 as many down.
  [[nodiscard]] std::size_t neighbour(std::size_t member, std::size_t port) const;
  // The first port of a shortest way to another member.
  [[nodiscard]] std::size_t port_towards(std::size_t from, std::size_t to) const;
  [[nodiscard]] const std::vector<std::size_t>& strides() const { return strides_; }
  // When everyone sends the same to everyone: what the fullest port carries, over a port's share of what a member
  // sends itself. It says how many times slower forwarding is than circuits of one's own.
  [[nodiscard]] double forwarding_load() const;
  [[nodiscard]] double mean_hops() const;

 private:
  std::size_t members_, ports_;
  std::vector<std::size_t> strides_;
  std::vector<std::size_t> first_port_;  // by distance up the ring
};

}  // namespace aifsim::topology
