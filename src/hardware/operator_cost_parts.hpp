// Parts of operator_cost() that its files share.
#pragma once

#include "base/operator.hpp"
#include "base/quantity.hpp"
#include "hardware/gpu_spec.hpp"

namespace aifsim::hardware {

// One stream's view of a kernel, before the floor is applied.
struct KernelTime {
  Seconds launch;
  Seconds compute;
  Seconds memory;
  double overlap_sharpness = 4;  // how nearly the two overlap; see GemmProfile
  Seconds apart;                 // what overlaps with neither
};

// (c^s + m^s)^(1/s), with the larger one taken out so that nothing underflows.
[[nodiscard]] Seconds overlapped(Seconds compute, Seconds memory, double sharpness);

struct PromptRate {
  double flops_per_score = 0;  // of one query and one key that are not masked
  FlopsPerSecond rate;
};
// Every query row pays for the keys it attends to and a ramp; causal attention shows in the FLOPs, which count only
// what is executed, and the last block of rows still sees all keys.
[[nodiscard]] KernelTime prompt_time(const Operator& op, const GpuSpec& gpu, const AttentionProfile& attention,
                                     const PromptRate& prompt);
[[nodiscard]] KernelTime latent_prefill_time(const Operator& op, const GpuSpec& gpu);
[[nodiscard]] KernelTime expert_time(const Operator& op, const GpuSpec& gpu);

[[nodiscard]] bool decodes(const Operator& op);
// A narrow cache is multiplied in its own precision where the GPU has it.
[[nodiscard]] FlopsPerSecond decode_peak(const Operator& op, const GpuSpec& gpu);
[[nodiscard]] Seconds decode_cost(const Operator& op, const GpuSpec& gpu);

}  // namespace aifsim::hardware
