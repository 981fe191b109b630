// `aifsim topology`: what a network is made of and what it can carry, without running a job on it.
#pragma once

#include <string>
#include <vector>

namespace aifsim::app {

enum class TopologyFormat { text, json, dot, graphml };

struct TopologyOptions {
  std::string platform;
  std::vector<std::string> sets;
  TopologyFormat format = TopologyFormat::text;
};

void topology_command(const TopologyOptions& options);

inline constexpr const char* topology_examples =
    "Examples:\n"
    "  aifsim topology platforms/dgx-h100-2048.yaml\n"
    "  aifsim topology platforms/dgx-h100-32.yaml --set nodes.count=127 --format json\n"
    "  aifsim topology platforms/dgx-h100-32.yaml --set nodes.count=4 --format dot | dot -Tsvg > network.svg\n"
    "\n"
    "Counts are of physical parts. Power, price and failures are the network's: switches, cables and transceivers\n"
    "outside of nodes and racks. Hops are channels, GPU to GPU. Bisection is the least capacity between two halves\n"
    "of the cluster over the GPUs of one half. Storage is all of a kind together. A tier's oversubscription is that of "
    "its switches: below over above.\n"
    "\n"
    "JSON keys: devices{kind: count}; switches[]{tier name count ports}, tier leaf, spine, core, nvswitch or ocs;\n"
    "cables[]{tier medium count length_m}; storage[]{kind name node_type count capacity_bytes read_bytes_per_s\n"
    "write_bytes_per_s latency_s}, kind host-memory (count: nodes), local-drives, dpu, storage-nic\n"
    "or shared-storage; transceivers; lasers; power_w; capex_usd; diameter_hops; mean_hops;\n"
    "path_diversity (shortest paths between the GPUs farthest apart); bisection_bytes_per_s_per_gpu;\n"
    "oversubscription{tier: ratio}; link_failures_per_day; hottest_channels[]{channel bytes_per_byte_sent\n"
    "bytes_per_s_per_gpu}: of each kind of channel the fullest when all GPUs send to all others, and the rate of a "
    "GPU\n"
    "that it allows; pairs_walked, sampled: how many paths these are drawn from; unknown[]: what the sums leave out.\n";

}  // namespace aifsim::app
