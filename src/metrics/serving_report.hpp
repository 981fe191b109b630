// What one serving job did: latencies, rates, caches, and what bounded them. Written by report/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "metrics/distribution.hpp"
#include "metrics/memory_report.hpp"

namespace aifsim::metrics {

struct TimePoint {
  Seconds when;
  double running = 0, waiting = 0;                          // requests, all replicas together
  double cache_use = 0;                                     // of HBM blocks of the replicas that serve or drain
  double output_tokens_per_s = 0, prompt_tokens_per_s = 0;  // since the last point
  double host_use = 0, nvme_use = 0, network_use = 0;       // of the KV tiers below HBM, 0..1
};

// One pool of replicas.
struct PoolReport {
  std::string role;  // "whole", "prefill", "decode"
  int replicas = 0;
  std::string layout;  // "TP8", "TP4 DP2 EP8"
  MemoryReport memory;
  double cache_tokens = 0;                                // of one attention group
  int most_replicas = 0;                                  // that its planner may start; without one, as `replicas`
  double mean_replicas = 0;                               // that held GPUs, starting and draining ones too
  std::vector<std::pair<std::string, Seconds>> start_up;  // of one replica, by phase
};

// A replica starts, serves, drains, is off or lost.
struct ScaleReport {
  Seconds when;
  std::string pool, what;
  std::uint32_t replica = 0;
  int serving = 0;  // of the pool, from now on
};

// Where the time of a mean request's first token, and of a later one, goes.
struct ServingBottleneck {
  std::string figure;    // "ttft" or "tpot"
  std::string resource;  // operator, exchange over a named channel, "waiting for a place in the batch", "host and gaps"
  Seconds time;
  double share = 0;
};

struct CacheTierReport {
  std::string name;  // "hbm", "host", "nvme", "network"
  Bytes capacity;
  double hit_ratio = 0;  // of the prompts' blocks, found here
  Bytes read, written;
};

// LoRA adapters of the requests, of all replicas; the warm-up included.
struct AdapterReport {
  std::uint64_t requests = 0;    // that bring one
  std::uint64_t loads = 0;       // into HBM
  std::uint64_t reads = 0;       // of them, from storage, since host memory did not have it
  double hit_ratio = 0;          // of the times that a request took a slot: its adapter was in HBM
  Seconds load_wait, slot_wait;  // mean of those requests: for its adapter alone; passed over, all slots being in use
  Bytes loaded, read;
};

struct ServingReport {
  std::string name, model, precision, layout, engine;
  std::int64_t gpus = 0;
  std::uint64_t requests = 0, completed = 0, rejected = 0, preemptions = 0;
  std::uint64_t measured = 0;                  // completed after the warm-up: what the distributions hold
  Seconds duration;                            // of the measured part
  double input_tokens = 0, output_tokens = 0;  // of the measured part
  double images = 0, image_tokens = 0;         // of the measured part, that requests brought
  double encoded_images = 0;                   // fewer where a cache had them, more after preemption
  Distribution ttft, tpot, itl, e2e, queueing;
  double output_tokens_per_s = 0, output_tokens_per_s_per_gpu = 0, requests_per_s = 0;
  double goodput_rps = 0;       // requests within the service level, per second
  Seconds slo_ttft, slo_tpot;   // 0 = not asked
  double prefix_hit_ratio = 0;  // of the prompts' blocks, found whole in any cache tier (blocks as traces name them)
  double mean_running = 0;      // over the measured part, all replicas
  double mean_batch = 0;        // sequences of a decode iteration, one attention group
  Seconds transfer_mean;        // exposed, per transferred request
  Bytes transferred;
  std::vector<PoolReport> pools;
  std::vector<CacheTierReport> tiers;
  std::optional<AdapterReport> adapters;                 // nothing where no request has one that is served
  double storage_host_cores = 0, storage_dpu_cores = 0;  // mean, busy with shared storage, of all nodes
  std::vector<ServingBottleneck> bottlenecks;
  std::vector<TimePoint> series;
  std::string package;                  // and its profile; empty: none
  std::vector<ScaleReport> scaling;     // empty: the same replicas from begin to end
  double gpu_hours = 0;                 // that replicas held GPUs
  double busy_gpu_hours = 0;            // in which they had requests running
  std::vector<std::string> rejections;  // "12 longer than the engine allows"
};

}  // namespace aifsim::metrics
