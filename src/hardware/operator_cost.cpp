#include "hardware/operator_cost.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "hardware/operator_cost_parts.hpp"

namespace aifsim::hardware {

namespace {

using namespace units;

struct Tile {
  double m, n;
};
// Thread-block tiles of cuBLAS and CUTLASS; 256 x 256 takes two SMs that work as a pair.
constexpr std::array<Tile, 9> tiles{
    {{256, 256}, {256, 128}, {128, 256}, {128, 128}, {128, 64}, {64, 128}, {64, 64}, {64, 32}, {64, 16}}};

// FLOPs that the fullest SM is held for, if the library cuts the output into these tiles.
double busiest_sm_flops(const Operator& op, const GemmProfile& gemm, double sms, Tile tile) {
  const double full = op.batch * std::ceil(op.m / tile.m) * std::ceil(op.n / tile.n) / sms;
  const double waves = full + gemm.wave_quantisation * (std::ceil(full) - full);
  const double load_bound = std::max(1.0, gemm.balanced_tile * (1 / tile.m + 1 / tile.n));
  return waves * 2 * tile.m * tile.n * (op.k + gemm.k_ramp) * load_bound;
}

Seconds with_sustained_loss(Seconds compute, const GemmProfile& gemm) {
  const double decades = std::clamp(std::log10(compute.in(1 * ms)), 0.0, 1.5);
  return compute * (1 + gemm.sustained_loss * decades);
}

// FP8 products of weights that are scaled in blocks have a table of their own where somebody measured them.
const GemmProfile& gemm_profile(const Operator& op, const KernelProfile& kernels) {
  const auto blocks = kernels.gemm.find(Precision::mxfp8);
  const bool in_blocks = op.precision == Precision::fp8 && op.storage == Precision::mxfp8;
  return in_blocks && blocks != kernels.gemm.end() ? blocks->second : kernels.gemm.at(op.precision);
}

KernelTime gemm_time(const Operator& op, const GpuSpec& gpu) {
  const GemmProfile& gemm = gemm_profile(op, gpu.kernels);
  const double sms = gpu.streaming_multiprocessors;
  double flops_held = std::numeric_limits<double>::infinity();
  for (std::size_t i = gpu.kernels.pair_tiles ? 0 : 1; i < tiles.size(); ++i)
    flops_held = std::min(flops_held, busiest_sm_flops(op, gemm, sms, tiles.at(i)));
  // An operator may stand for several launches of one shape.
  const double launches = op.flops.in(2 * op.batch * op.m * op.n * op.k * flop);
  const Seconds compute = launches * flops_held * sms * flop / (gpu.dense_peak.at(op.precision) * gemm.peak_fraction);
  return {.launch = gemm.launch,
          .compute = with_sustained_loss(compute, gemm),
          .memory = op.bytes / (gpu.memory_bandwidth * gemm.bandwidth_fraction),
          .overlap_sharpness = gemm.overlap_sharpness};
}

// Attention kernels exist in BF16 and FP8; narrower formats run as FP8 where there is FP8, wider ones as BF16 does but
// at their own peak.
Precision attention_table(const KernelProfile& profile, Precision precision) {
  if (profile.attention.contains(precision)) return precision;
  const bool narrow = bytes_per_element(precision) < bytes_per_element(Precision::bf16);
  return narrow && profile.attention.contains(Precision::fp8) ? Precision::fp8 : Precision::bf16;
}

KernelTime attention_time(const Operator& op, const GpuSpec& gpu) {
  const bool backward = op.kind == OperatorKind::attention_backward;
  const Precision table = attention_table(gpu.kernels, op.precision);
  const AttentionProfile& attention = gpu.kernels.attention.at(table);
  const FlopsPerSecond peak = std::min(gpu.dense_peak.at(table), gpu.dense_peak.at(op.precision));
  // Measured at head_dim 128: one score costs head_dim + softmax_dim there and at other head sizes.
  constexpr double measured_dim = 128;
  const double slowdown = (op.k + attention.softmax_dim) / (measured_dim + attention.softmax_dim) * measured_dim / op.k;
  return prompt_time(op, gpu, attention,
                     {.flops_per_score = (backward ? 2.5 : 1.0) * 4 * op.k,  // see OperatorKind
                      .rate = peak * attention.peak_fraction * (backward ? attention.backward_ratio : 1.0) / slowdown});
}

// A precision the tensor cores lack does not matter where HBM alone decides.
KernelTime memory_time(const Operator& op, const GpuSpec& gpu) {
  const MemoryProfile& memory = gpu.kernels.memory;
  return {
      .launch = memory.launch, .compute = {}, .memory = op.bytes / (gpu.memory_bandwidth * memory.bandwidth_fraction)};
}

KernelTime kernel_time(const Operator& op, const GpuSpec& gpu) {
  switch (op.kind) {
    case OperatorKind::gemm: return gemm_time(op, gpu);
    case OperatorKind::attention_forward:
    case OperatorKind::attention_backward: return attention_time(op, gpu);
    case OperatorKind::latent_prefill: return latent_prefill_time(op, gpu);
    case OperatorKind::expert_ffn: return expert_time(op, gpu);
    case OperatorKind::attention_decode:
    case OperatorKind::latent_decode: break;  // operator_cost() asks decode_line()
    case OperatorKind::memory: return memory_time(op, gpu);
  }
  throw InternalError("an operator kind without a cost model");
}

bool has_work(const Operator& op) { return op.flops > Flops{} || op.bytes > Bytes{}; }

}  // namespace

KernelTime prompt_time(const Operator& op, const GpuSpec& gpu, const AttentionProfile& attention,
                       const PromptRate& prompt) {
  const double flops_per_score = op.flops.in(flop) / (op.batch * op.m * op.n);  // averaged over masked scores too
  const double average_keys = op.n * std::min(1.0, flops_per_score / prompt.flops_per_score);
  const double blocks = op.batch * std::ceil(op.m / attention.block_rows);
  const double waves = blocks / gpu.streaming_multiprocessors;
  const double keys = waves * (average_keys + attention.key_ramp) + attention.tail * (op.n + attention.key_ramp);
  const double scores = keys * attention.block_rows * gpu.streaming_multiprocessors;
  return {.launch = attention.launch,
          .compute = scores * prompt.flops_per_score * flop / prompt.rate,
          .memory = op.bytes / (gpu.memory_bandwidth * attention.bandwidth_fraction)};
}

Seconds overlapped(Seconds compute, Seconds memory, double sharpness) {
  const Seconds longer = std::max(compute, memory);
  if (longer <= Seconds{}) return longer;
  const double ratio = std::min(compute, memory) / longer;
  return longer * std::pow(1 + std::pow(ratio, sharpness), 1 / sharpness);
}

bool supports(const GpuSpec& gpu, Precision precision) { return gpu.dense_peak.contains(precision); }

Seconds operator_floor(const Operator& op, const GpuSpec& gpu) {
  const Seconds memory = op.bytes / gpu.memory_bandwidth;
  if (op.kind == OperatorKind::memory) return memory;
  ensure(supports(gpu, op.precision), "an operator's precision is one that its GPU has");
  return std::max(memory, op.flops / (decodes(op) ? decode_peak(op, gpu) : gpu.dense_peak.at(op.precision)));
}

OperatorCost operator_cost(const Operator& op, const GpuSpec& gpu) {
  const Seconds floor = operator_floor(op, gpu);
  if (!has_work(op)) return {};
  if (decodes(op)) return {.time = decode_cost(op, gpu), .bandwidth_bound = op.bytes / gpu.memory_bandwidth >= floor};
  const KernelTime kernel = kernel_time(op, gpu);
  // The parts of one operator run one after another: each launch is paid, the traffic and the FLOPs once.
  const Seconds time = overlapped(kernel.compute, kernel.memory, kernel.overlap_sharpness) + kernel.apart;
  return {.time = std::max(time, floor) + kernel.launch * op.kernels,
          .bandwidth_bound = kernel.memory > kernel.compute};
}

}  // namespace aifsim::hardware
