// The GPU as an engine's software uses it: its kernels, and what their launches cost.
#pragma once

#include "hardware/gpu_spec.hpp"
#include "serving/engine.hpp"

namespace aifsim::serving {

[[nodiscard]] hardware::GpuSpec with_software(const hardware::GpuSpec& gpu, const EngineSoftware& software);

}  // namespace aifsim::serving
