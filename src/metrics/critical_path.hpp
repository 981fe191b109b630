// What a step waited for: the critical path of what was executed, walked back and blamed on named things.
#pragma once

#include <compare>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "metrics/timeline.hpp"
#include "task/task_graph.hpp"

namespace aifsim::metrics {

struct BlameKey {
  std::string kind;      // "compute", "channel", "protocol", "latency", "contention", or the cause of a delay
  std::string resource;  // "gemm mlp_up", "leaf12→spine0", "tp_comm protocol ceiling", …
  auto operator<=>(const BlameKey&) const = default;
};
using Blames = std::map<BlameKey, Seconds>;

using ChannelName = std::function<std::string(ChannelId)>;

// What a compute task with this label text consists of: operator names and their shares (of any sum > 0).
using Composition = std::map<std::string, std::vector<std::pair<std::string, double>>>;

// Starts at the task that finished last and goes from each task to its dependency that finished last (ties: the
// lowest id). The time between those two finishes is blamed:
//   compute  its own duration on the label's detail, or on its composition; what it took longer on kind "contention";
//   flow     its latency on "<cause> latency"; its bytes on the channel that bounded it, or on "<cause> protocol
//   ceiling"; delay    on kind <cause>, resource <detail>.
// The blames sum to timeline.elapsed().
[[nodiscard]] Blames critical_path(const task::TaskGraph& graph, const Timeline& timeline,
                                   const ChannelName& channel_name, const Composition& composition = {});

struct Bottleneck {
  std::string resource;
  std::string kind;
  Seconds blame;
  double share = 0;  // of all blames
};

// By blame, the greatest first (ties: by name); blames of zero are left out.
[[nodiscard]] std::vector<Bottleneck> ranked(const Blames& blames);

}  // namespace aifsim::metrics
