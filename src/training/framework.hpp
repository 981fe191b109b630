// What a training framework adds to the physics: which kernels it calls, how often elementwise work touches memory,
// what it can hide behind compute. One file each in workloads/frameworks/, calibrated on families of measurements.
#pragma once

#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "config/node.hpp"
#include "model/operators.hpp"

namespace aifsim::training {

struct Framework {
  std::string name;
  std::string source;
  std::string kernel_library;  // variant of the GPU's kernel tables; empty = the tables' own
  model::ElementwisePasses elementwise;
  Seconds launch_gap;     // host time per kernel launch: a layer cannot run faster than the host feeds it
  Seconds step_overhead;  // host work between steps: data loading, logging, optimizer launch
  double optimizer_bytes =
      30;                 // per parameter of a rank's shard: read master, m, v, gradient, write them back, BF16 copy
  double tp_overlap = 0;  // share of TP communication that `overlap.tensor_parallel` hides behind its GEMM
  bool tp_backward_overlap = true;       // backward's gather and reduce-scatter run beside weight and data gradients
  double communication_steal = 0;        // fraction of a GPU's compute a running collective takes (SMs, HBM)
  double selective_recompute_gemms = 0;  // share of the forward GEMMs that `recompute: selective` runs again
  bool recompute_stops_early = false;  // full recomputation ends when the last saved tensor exists: no down projection
  int fsdp_prefetch = 1;               // layers gathered ahead of the one that computes
  bool caches_quantised_weights = true;  // FP8 weights made once per step, not per micro-batch
};

// A name (workloads/frameworks/<name>.yaml) or a map.
[[nodiscard]] Framework read_framework(const config::Node& node);

struct FrameworkEntry {
  std::string name;
  std::string summary;
};
[[nodiscard]] std::vector<FrameworkEntry> list_frameworks();

}  // namespace aifsim::training
