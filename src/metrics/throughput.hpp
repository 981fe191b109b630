// The rates of a training step.
#pragma once

#include "base/quantity.hpp"

namespace aifsim::metrics {

struct StepWork {
  double tokens = 0;     // of the global batch
  Flops model_flops;     // what the model needs, all GPUs together (no recompute): counts for MFU
  Flops hardware_flops;  // what is executed, recompute included: counts for HFU
  double gpus = 0;
  FlopsPerSecond peak_per_gpu;  // dense peak of the precision that most of the GEMMs run in
};

struct Throughput {
  double tokens_per_s = 0;
  double tokens_per_s_per_gpu = 0;
  FlopsPerSecond model_flops_per_gpu;
  double mfu = 0;
  double hfu = 0;
};

[[nodiscard]] Throughput throughput(const StepWork& work, Seconds step_time);

}  // namespace aifsim::metrics
