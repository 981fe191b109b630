#include "hardware/kernel_profile.hpp"

#include <algorithm>
#include <utility>

namespace aifsim::hardware {

KernelProfile scaled(KernelProfile profile, const LibraryVariant& by) {
  // No library makes the hardware faster than its peak.
  const auto scale = [](double& fraction, double factor) { fraction = std::min(1.0, fraction * factor); };
  for (auto& [precision, gemm] : profile.gemm) {
    const auto factor = by.gemm.find(precision);
    if (factor != by.gemm.end()) scale(gemm.peak_fraction, factor->second);
  }
  for (auto& [precision, attention] : profile.attention) {
    scale(attention.peak_fraction, by.attention_forward);
    attention.backward_ratio *= by.attention_backward / by.attention_forward;
    attention.softmax_dim = by.softmax_dim.value_or(attention.softmax_dim);
  }
  scale(profile.memory.bandwidth_fraction, by.memory);
  return profile;
}

std::optional<KernelProfile> with_library(const KernelProfile& profile, std::string_view name) {
  if (name == profile.library) return profile;
  const auto variant = profile.libraries.find(name);
  if (variant == profile.libraries.end()) return std::nullopt;
  KernelProfile result = scaled(profile, variant->second);
  result.library = name;
  result.source += "; " + variant->second.source;
  // Factors are on the measured library: one variant cannot be applied on top of another.
  result.libraries.clear();
  return result;
}

std::vector<std::string> library_names(const KernelProfile& profile) {
  std::vector<std::string> names{profile.library};
  for (const auto& [name, variant] : profile.libraries) names.push_back(name);
  return names;
}

KernelProfile under_sustained_load(KernelProfile profile) {
  constexpr double decades = 1.5;  // as far as the loss was seen to grow, see GemmProfile::sustained_loss
  // Attention runs on the same clocks; its table has no kernels long enough to show the loss, so BF16 GEMMs' is taken.
  const auto bf16 = profile.gemm.find(Precision::bf16);
  if (bf16 != profile.gemm.end()) {
    for (auto& [precision, attention] : profile.attention) {
      attention.peak_fraction /= 1 + decades * bf16->second.sustained_loss;
    }
  }
  for (auto& [precision, gemm] : profile.gemm) {
    gemm.peak_fraction /= 1 + decades * gemm.sustained_loss;
    gemm.sustained_loss = 0;
  }
  return profile;
}

}  // namespace aifsim::hardware
