// platforms/catalog/gpus/<name>.yaml and platforms/catalog/kernels/<table>.yaml as plain data.
#pragma once

#include <string_view>

#include "config/node.hpp"
#include "hardware/gpu_spec.hpp"

namespace aifsim::hardware {

inline constexpr std::string_view gpu_folder = "platforms/catalog/gpus";
inline constexpr std::string_view kernel_folder = "platforms/catalog/kernels";

// Mistakes are recorded in the document that `root` belongs to: check() it afterwards.
[[nodiscard]] KernelProfile read_kernel_profile(const config::Node& root);
// gemm, attention_forward, attention_backward, memory: those that `node` has. The caller finishes `node`.
[[nodiscard]] LibraryVariant read_factors(const config::Node& node);
[[nodiscard]] GpuSpec read_gpu_spec(const config::Node& root, std::string_view name);

}  // namespace aifsim::hardware
