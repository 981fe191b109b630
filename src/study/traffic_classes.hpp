// Flows that nothing tells apart, simulated once.
//
// Flows and channels are coloured: flows by size, start and latency, channels by capacity, then again and again each by
// the colours of what it meets, until no colour splits (colour refinement: an equitable partition). In the end every
// flow of a class meets the same classes of channels, and every channel of a class the same number of flows of each
// class. Max-min fair rates are unique, so flows of one class have the same rate at any time, and one of them, with the
// others' load as multiplicities on one channel of each class, moves as all do. Nothing is assumed of the topology;
// where nothing is alike (random flows under ECMP) every flow is a class of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "topology/fabric.hpp"

namespace aifsim::study {

struct LoneFlow {
  std::size_t first_use = 0;  // into the uses; ends where the next flow's begin
  Bytes bytes;
  Seconds start, latency;
};

struct FlowClass {
  std::size_t flow = 0;          // one of them
  std::size_t flows = 0;         // how many
  std::vector<ChannelUse> path;  // on one channel of each class that they meet
};

struct FlowClasses {
  std::vector<FlowClass> classes;
  std::vector<ChannelId> like;  // by channel: the one that stands for it; itself where no flow goes
};

[[nodiscard]] FlowClasses classify(std::span<const LoneFlow> flows, std::span<const ChannelUse> uses,
                                   const topology::Fabric& fabric);

}  // namespace aifsim::study
