// Number formats of tensors and of the arithmetic on them.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/quantity.hpp"

namespace aifsim {

enum class Precision { fp64, fp32, tf32, bf16, fp8, mxfp8, nvfp4, mxfp4 };
inline constexpr std::array all_precisions{Precision::fp64, Precision::fp32,  Precision::tf32,  Precision::bf16,
                                           Precision::fp8,  Precision::mxfp8, Precision::nvfp4, Precision::mxfp4};

[[nodiscard]] std::string_view name_of(Precision precision);                    // "bf16"
[[nodiscard]] std::optional<Precision> precision_named(std::string_view name);  // any case
// Storage of one element, block scales included: NVFP4 has one FP8 scale per 16 elements (4.5 bits), MXFP8 and MXFP4
// one 8-bit scale per 32.
[[nodiscard]] Bytes bytes_per_element(Precision precision);

}  // namespace aifsim
