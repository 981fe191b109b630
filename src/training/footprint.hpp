// Memory of the fullest rank, by class.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "hardware/gpu_spec.hpp"
#include "training/job.hpp"

namespace aifsim::training {

struct Footprint {
  Bytes weights, gradients, optimizer, activations, buffers;
  Bytes capacity;
  int stage = 0;  // the fullest pipeline stage
  [[nodiscard]] Bytes used() const { return weights + gradients + optimizer + activations + buffers; }
  [[nodiscard]] bool fits() const { return used() <= capacity; }
  [[nodiscard]] std::vector<std::pair<std::string, Bytes>> classes() const;
};

[[nodiscard]] Footprint footprint(const TrainingJob& job, model::Recompute recompute, const hardware::GpuSpec& gpu);

// What is done so that activations fit.
struct ActivationPlan {
  model::Recompute recompute = model::Recompute::none;
  double offload = 0;  // fraction kept in host memory
};

// The job's choice, or for `auto` the least that fits: nothing; offloading, if `host_link` can carry it beside compute
// (a coherent link, as on Grace superchips); selective; full.
[[nodiscard]] ActivationPlan chosen_activation_plan(const TrainingJob& job, const hardware::GpuSpec& gpu,
                                                    BytesPerSecond host_link);

// Throws OutOfMemoryError that names the biggest class and two changes that would fit.
void check_fits(const TrainingJob& job, model::Recompute recompute, const hardware::GpuSpec& gpu);

}  // namespace aifsim::training
