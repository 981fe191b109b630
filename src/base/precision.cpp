#include "base/precision.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"

namespace aifsim {

std::string_view name_of(Precision precision) {
  switch (precision) {
    case Precision::fp64: return "fp64";
    case Precision::fp32: return "fp32";
    case Precision::tf32: return "tf32";
    case Precision::bf16: return "bf16";
    case Precision::fp8: return "fp8";
    case Precision::mxfp8: return "mxfp8";
    case Precision::nvfp4: return "nvfp4";
    case Precision::mxfp4: return "mxfp4";
  }
  throw InternalError("unknown precision");
}

std::optional<Precision> precision_named(std::string_view name) {
  const auto same = [name](Precision precision) {
    const std::string_view candidate = name_of(precision);
    return std::equal(name.begin(), name.end(), candidate.begin(), candidate.end(),
                      [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  };
  const auto* found = std::find_if(all_precisions.begin(), all_precisions.end(), same);
  if (found == all_precisions.end()) return std::nullopt;
  return *found;
}

Bytes bytes_per_element(Precision precision) {
  switch (precision) {
    case Precision::fp64: return units::B * 8;
    case Precision::fp32:
    case Precision::tf32: return units::B * 4;
    case Precision::bf16: return units::B * 2;
    case Precision::fp8: return units::B;
    case Precision::mxfp8: return units::B * (1 + 1.0 / 32);
    case Precision::nvfp4: return units::B * (0.5 + 1.0 / 16);
    case Precision::mxfp4: return units::B * (0.5 + 1.0 / 32);
  }
  throw InternalError("unknown precision");
}

}  // namespace aifsim
