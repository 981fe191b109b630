// The time of one operator on one GPU: max(FLOPs / achievable FLOP/s, bytes / achievable bandwidth) + launch
// (DESIGN §5), achievable = peak x the efficiency that GpuSpec::kernels holds for this kind, precision and shape.
#pragma once

#include <limits>

#include "base/operator.hpp"
#include "base/quantity.hpp"
#include "hardware/gpu_spec.hpp"

namespace aifsim::hardware {

struct OperatorCost {
  Seconds time;  // what a stream sees, launch included
  bool bandwidth_bound = false;
};

// Pure. Never below max(flops / peak, bytes / bandwidth). Throws InternalError for a precision the GPU does not have:
// readers check supports() first and blame the user's file.
[[nodiscard]] OperatorCost operator_cost(const Operator& op, const GpuSpec& gpu);
[[nodiscard]] bool supports(const GpuSpec& gpu, Precision precision);

// An attention_decode or latent_decode operator's time as its mean context grows and all else stays: operator_cost() is
// fixed + n x per_key up to the context `until`, from where on another line holds.
struct ContextLine {
  Seconds fixed;
  Seconds per_key;
  double until = std::numeric_limits<double>::infinity();
};
[[nodiscard]] ContextLine context_line(const Operator& op, const GpuSpec& gpu);

// The speed-of-light floor of the same operator.
[[nodiscard]] Seconds operator_floor(const Operator& op, const GpuSpec& gpu);

}  // namespace aifsim::hardware
