#include "serving/engine_kernels.hpp"

#include <algorithm>
#include <utility>

namespace aifsim::serving {
namespace {

// The tables time kernels one by one; in an engine the next one's launch hides behind the last one's end.
void shorten_launches(hardware::KernelProfile& kernels, const EngineSoftware& software) {
  const auto shorten = [&](auto& profiles) {
    for (auto& [precision, profile] : profiles) profile.launch = profile.launch * software.launch_share;
  };
  if (software.expert_launch > Seconds{}) {
    for (auto& [precision, profile] : kernels.serving.experts) {
      profile.launch = std::min(profile.launch, software.expert_launch);
    }
  }
  shorten(kernels.gemm);
  shorten(kernels.attention);
  shorten(kernels.serving.decode);
  shorten(kernels.serving.latent_decode);
  shorten(kernels.serving.latent_prefill);
  shorten(kernels.serving.experts);
  kernels.memory.launch = kernels.memory.launch * software.launch_share;
}

}  // namespace

hardware::GpuSpec with_software(const hardware::GpuSpec& gpu, const EngineSoftware& software) {
  hardware::GpuSpec result = gpu;
  if (!software.kernel_library.empty()) {
    if (auto profile = hardware::with_library(gpu.kernels, software.kernel_library)) {
      result.kernels = *std::move(profile);
    }
  }
  // A service computes without a pause, as a training step does.
  result.kernels = hardware::under_sustained_load(std::move(result.kernels));
  shorten_launches(result.kernels, software);
  return result;
}

}  // namespace aifsim::serving
