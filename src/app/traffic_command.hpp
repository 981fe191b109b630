// `aifsim traffic`: how a network bears a pattern of flows, before any job.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aifsim::app {

enum class TrafficFormat { text, json, csv };

struct TrafficCommandOptions {
  std::string platform;
  std::vector<std::string> sets;
  std::string pattern = "permutation";
  std::string bytes = "64 MiB";
  std::size_t concurrent = 1;
  std::uint64_t seed = 1;
  TrafficFormat format = TrafficFormat::text;
};

void traffic_command(const TrafficCommandOptions& options);

inline constexpr const char* traffic_examples =
    "Examples:\n"
    "  aifsim traffic platforms/dgx-h100-2048.yaml --pattern permutation --bytes 1GiB --seed 7\n"
    "  aifsim traffic platforms/dgx-h100-32.yaml --pattern shift --concurrent 4 --format json\n"
    "  aifsim traffic platforms/dgx-h100-32.yaml --pattern messages.csv\n"
    "\n"
    "permutation: each GPU sends to one other. incast: all send to one. shift: GPU i sends to GPU i + half of them.\n"
    "--bytes is what each flow carries, --concurrent the number of such patterns at once.\n"
    "Faults of the platform in mid-run (`at`) strike: flows wait until the death is known, then take another way, or "
    "are\n"
    "lost; lost flows count in no other figure. Busy channels are then those of the ways that flows began with.\n"
    "\n"
    "FILE.csv has the columns start (\"10 us\"; empty: at once), bytes (\"64 MiB\"), and op (all_reduce, all_gather,\n"
    "reduce_scatter, all_to_all, broadcast, reduce, send_receive) with group (\"0-7\", \"0-63:8\", \"0 3 5\"; empty: "
    "all\n"
    "GPUs), or src and dst. A collective is simulated as the flows of its slowest rank.\n"
    "\n"
    "JSON keys: pattern; gpus; flows; classes (of flows alike, simulated once); bytes (B, all flows); crossing_bytes\n"
    "(from one half of the cluster to the other, of the direction with more; of collectives the least there must be);\n"
    "completion_s; mean_flow_s, p99_flow_s; bytes_per_s_per_gpu (bytes / completion_s / GPUs that send); reference\n"
    "(bisection, or injection where there is none), reference_bytes_per_s_per_gpu; achieved (bisection: crossing_bytes "
    "/\n"
    "completion_s over that of all GPUs of a half; all-to-all sends half of its bytes across, so 0.5 is all that a "
    "full\n"
    "bisection is asked for; injection: bytes_per_s_per_gpu over it); channels_used; hottest[]{channel busy bytes}: "
    "busy\n"
    "is the share of what the channel could have carried until the end; flows_lost; faults[]{at_s part what "
    "flows_waited\n"
    "flows_rerouted flows_lost detail}, what struck or repaired; run_cost{cpu_s peak_bytes}.\n";

}  // namespace aifsim::app
