// What each channel carried.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "metrics/timeline.hpp"
#include "task/task_graph.hpp"

namespace aifsim::topology {
class Fabric;
}

namespace aifsim::metrics {

using ChannelBytes = std::map<ChannelId, Bytes>;  // only channels that carried anything

// Bytes of every finished flow on every channel of its path, as often as it stands for.
[[nodiscard]] ChannelBytes channel_bytes(const task::TaskGraph& graph, const Timeline& timeline);

struct ChannelUsage {
  std::string name;    // "leaf12→spine0"
  std::string medium;  // "pluggable-dr4"
  Bytes bytes;
  double busy_share = 0;  // bytes / (capacity x elapsed): at most 1
};

// In the order of channel ids. 0 for an elapsed time of 0.
[[nodiscard]] std::vector<ChannelUsage> channel_usage(const ChannelBytes& bytes, const topology::Fabric& fabric,
                                                      Seconds elapsed);

}  // namespace aifsim::metrics
