// The routed experts of one rank in fused grouped GEMMs.
#include <algorithm>
#include <array>
#include <limits>

#include "base/error.hpp"
#include "hardware/operator_cost_parts.hpp"

namespace aifsim::hardware {

namespace {

using namespace units;

bool narrower(Precision a, Precision b) { return bytes_per_element(a) < bytes_per_element(b); }

// Exactly this pair; for narrow weights under wider arithmetic those of another narrow format; the arithmetic alone;
// and for arithmetic that nobody measured the nearest in width.
const ExpertProfile& expert_profile(const ServingProfile& serving, Precision arithmetic, Precision storage) {
  using enum Precision;
  const auto find = [&](Precision a, Precision b) {
    const auto row = serving.experts.find({a, b});
    return row == serving.experts.end() ? nullptr : &row->second;
  };
  if (const ExpertProfile* exact = find(arithmetic, storage)) return *exact;
  if (narrower(storage, fp8)) {
    if (const ExpertProfile* other = find(arithmetic, mxfp4)) return *other;
  }
  if (const ExpertProfile* plain = find(arithmetic, arithmetic)) return *plain;
  if (narrower(arithmetic, fp8)) {
    if (const ExpertProfile* four_bits = find(nvfp4, nvfp4)) return *four_bits;
  }
  if (narrower(arithmetic, bf16)) {
    if (const ExpertProfile* eight_bits = find(fp8, fp8)) return *eight_bits;
  }
  return serving.experts.at({bf16, bf16});
}

// Rows of a thread block's tile; a tile is 128 columns wide.
constexpr std::array<double, 4> tile_rows{16, 32, 64, 128};

// Rows that the tensor cores work on: every expert's are cut into tiles, the last one half full on average; small tiles
// load their operands more often.
double padded_rows(const Operator& op, const ExpertProfile& profile) {
  const double rows = op.m / op.batch;
  double least = std::numeric_limits<double>::infinity();
  for (const double tile : tile_rows) {
    const double loads = std::max(1.0, profile.balanced_tile * (1 / tile + 1.0 / 128));
    least = std::min(least, op.batch * std::max(1.0, rows / tile + 0.5) * tile * loads);
  }
  return least;
}

}  // namespace

KernelTime expert_time(const Operator& op, const GpuSpec& gpu) {
  ensure(op.batch > 0 && op.m > 0, "experts with work have rows");
  const ExpertProfile& profile = expert_profile(gpu.kernels.serving, op.precision, op.storage);
  const double matrices = op.flops.in(2 * op.m * op.n * op.k * flop);  // 3 with a gate, 2 without
  // All but the last are as deep as the hidden width, the last as the inner one.
  const double depth = matrices * op.n * op.k + profile.k_ramp * (std::max(0.0, matrices - 1) * op.n + op.k);
  const double flops_held = 2 * padded_rows(op, profile) * depth;
  // Scales of whole blocks are next to nothing.
  const Precision stored = op.precision == Precision::fp8 && op.storage == Precision::mxfp8 ? op.precision : op.storage;
  const Bytes weights = std::min(op.batch * matrices * op.n * op.k * bytes_per_element(stored), op.bytes);
  const Bytes passes = profile.token_passes * (op.bytes - weights) + profile.row_bytes * op.m * op.k * B;
  return {.compute = flops_held * flop / (gpu.dense_peak.at(op.precision) * profile.peak_fraction),
          .memory = weights / (gpu.memory_bandwidth * profile.bandwidth_fraction),
          .overlap_sharpness = profile.overlap_sharpness,
          .apart = profile.launch + profile.expert * op.batch + passes / gpu.memory_bandwidth};
}

}  // namespace aifsim::hardware
