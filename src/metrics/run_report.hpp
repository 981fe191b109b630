// Everything that one run says. Written by report/.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "metrics/breakdown.hpp"
#include "metrics/channel_usage.hpp"
#include "metrics/critical_path.hpp"
#include "metrics/memory_report.hpp"
#include "metrics/serving_report.hpp"
#include "metrics/throughput.hpp"

namespace aifsim::metrics {

struct InputFile {
  std::string file;      // as the user wrote it
  std::string resolved;  // its YAML after `extends` and `--set`
};

struct Provenance {
  std::string version;  // of aifsim
  InputFile platform;
  InputFile workload;
  std::uint64_t seed = 0;
  std::string simgrid_version;
  std::vector<std::string> simgrid_options;
  std::vector<std::string> data_sources;
  std::vector<std::string> validity_notes;  // where the result extrapolates or folds
};

// What a fault in mid-run did to a job.
struct FaultReport {
  Seconds at;                                 // since the run began
  std::string part;                           // "node0/nic1"
  std::string effect;                         // "rerouted", "slowed", "untouched", "repaired", "failed"
  std::size_t flows_rerouted = 0;             // of the representative ranks, in the step hit
  Seconds step_before, step_hit, step_after;  // a steady step, the one it fell into, a steady step; 0: there is none
  std::string detail;                         // one line for people
};

struct JobReport {
  std::string name;
  std::string kind;    // "training"
  std::string model;   // "llama3-405b"
  std::string layout;  // "TP8 PP16 DP128, 1F1B interleaved": one line for people
  std::string precision;
  std::int64_t gpus = 0;
  Seconds step_time;
  Throughput throughput;
  MemoryReport memory;
  Breakdown breakdown;              // sums to step_time
  Blames blames;                    // sums to step_time
  std::vector<FaultReport> faults;  // in order of time; all other figures are of steps before the first
};

struct NetworkReport {
  std::string kind;  // "fluid", "simgrid", "ideal"
  std::vector<ChannelUsage> channels;
};

// The simulator's own cost: the only part of a report that differs between two equal runs.
struct RunCost {
  Seconds cpu;
  Bytes peak_rss;
  std::uint64_t events = 0;  // tasks finished
  std::uint64_t flows = 0;   // of them flows
};

struct RunReport {
  Provenance provenance;
  std::string platform_name;
  std::string platform_summary;         // "2048 x dgx-h100, rail-optimized": one line for people
  std::vector<JobReport> jobs;          // training
  std::vector<ServingReport> services;  // inference
  NetworkReport network;
  RunCost run_cost;
};

}  // namespace aifsim::metrics
