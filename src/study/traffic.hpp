// What a network does with flows before there is any job: a pattern or a list of messages and collectives, all
// simulated together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collective/collective.hpp"
#include "hardware/platform.hpp"
#include "task/executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::study {

// One message, or one collective of a group. GPUs by their global index.
struct Transfer {
  Seconds start;
  collective::Operation operation = collective::Operation::send_receive;
  std::vector<std::size_t> group;  // a message: source and destination
  Bytes bytes;                     // as collective::Request means it
  std::string name;                // for labels and messages
};

struct TrafficOptions {
  std::string pattern;              // permutation, incast, all-to-all, shift, or a CSV file
  Bytes bytes = units::MiB * 64.0;  // of each flow
  std::size_t concurrent = 1;       // patterns at once
  std::uint64_t seed = 1;
};

// permutation: each GPU sends to one other, drawn anew for each of `concurrent`.
// incast: all send to one GPU, drawn. all-to-all: everyone to everyone. shift: GPU i to GPU i + half of them, the next
// concurrent one to one further. ConfigError for a file with mistakes (all together, with line and column), for too few
// GPUs, and for more flows than fit in memory.
[[nodiscard]] std::vector<Transfer> make_transfers(const TrafficOptions& options, std::size_t gpus);
[[nodiscard]] std::vector<Transfer> read_transfers(const std::string& path, std::size_t gpus);

struct BusyChannel {
  ChannelId channel;
  double busy = 0.0;  // of what it could have carried until the end
  Bytes bytes;
};

// What one mid-run fault, or its repair, did to the flows.
struct TrafficFault {
  Seconds at;
  std::string part;
  std::string what;          // "struck", "repaired"
  std::size_t waited = 0;    // until its death was known
  std::size_t rerouted = 0;  // that took another way, these included
  std::size_t lost = 0;      // that had no way left and ended there
  std::string detail;        // the first of them by name
};

struct TrafficResult {
  std::size_t flows = 0;
  std::size_t classes = 0;  // simulated: flows that nothing tells apart are one
  Bytes bytes;              // all flows together
  Bytes crossing;           // from one half of the cluster to the other, of the direction with more
  Seconds completion;       // of the last flow
  Seconds mean_flow_time, p99_flow_time;
  BytesPerSecond rate_per_gpu;  // bytes / completion / GPUs that send
  bool bisection_known = true;  // `capacity_per_gpu` is: the bisection per GPU, else what a GPU can inject
  BytesPerSecond capacity_per_gpu;
  // crossing / completion over the bisection, else rate_per_gpu / capacity_per_gpu. An even permutation or all-to-all
  // sends half of its bytes across: a network whose bisection is no bottleneck achieves half.
  double achieved = 0.0;
  std::vector<BusyChannel> hottest;  // the busiest first
  std::size_t channels_used = 0;
  std::size_t lost = 0;              // flows; they are in `flows` alone, and in no other figure
  std::vector<TrafficFault> faults;  // in mid-run; with them `hottest` is of the ways that flows began with
};

// Mid-run faults of the platform strike flows under way: they wait until the death is known, then go where the routing
// leads them, or are lost. A collective is simulated as its plan says: the flows of its slowest rank, with what the
// others load on the same channels; a message as one flow over one path, and messages alike as one (`fold`,
// traffic_classes.hpp).
[[nodiscard]] TrafficResult simulate_traffic(const std::vector<Transfer>& transfers, const hardware::Platform& platform,
                                             const topology::Topology& topology, task::Executor& executor,
                                             bool fold = true);

}  // namespace aifsim::study
