// Decoding against a cache, and prompts under latent attention.
#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "hardware/operator_cost.hpp"
#include "hardware/operator_cost_parts.hpp"

namespace aifsim::hardware {

namespace {

using namespace units;

bool narrow(Precision precision) { return bytes_per_element(precision) < bytes_per_element(Precision::bf16); }

// The tables know caches of 16 and 8 bits; a cache of 4 bits moves fewer bytes through the kernels for 8.
template <class Profile>
const Profile& by_storage(const std::map<Precision, Profile>& profiles, Precision storage) {
  const auto exact = profiles.find(storage);
  if (exact != profiles.end()) return exact->second;
  const auto fp8 = profiles.find(Precision::fp8);
  return narrow(storage) && fp8 != profiles.end() ? fp8->second : profiles.at(Precision::bf16);
}

// Bytes of the cache alone; queries and outputs are the rest of the operator's.
Bytes cache_bytes(const Operator& op) {
  const double tensors = op.kind == OperatorKind::latent_decode ? 1 : 2;  // keys and values are one in latent attention
  return std::min(tensors * op.n * op.k * op.batch * bytes_per_element(op.storage), op.bytes);
}

}  // namespace

bool decodes(const Operator& op) {
  return op.kind == OperatorKind::attention_decode || op.kind == OperatorKind::latent_decode;
}

FlopsPerSecond decode_peak(const Operator& op, const GpuSpec& gpu) {
  const FlopsPerSecond stated = gpu.dense_peak.at(op.precision);
  const auto fp8 = gpu.dense_peak.find(Precision::fp8);
  return narrow(op.storage) && fp8 != gpu.dense_peak.end() ? std::max(stated, fp8->second) : stated;
}

namespace {

// The stream of the cache as a function of the mean context: start + per_key x n, plus a fill that grows up to
// fill_keys.
struct Stream {
  Seconds start;
  Seconds per_key;
  Seconds fill;
  double fill_keys = 1;
};

Stream stream_of(const Operator& op, const GpuSpec& gpu, const DecodeProfile& profile, Seconds blocks) {
  constexpr double row_tile = 16;  // least rows of a tensor-core instruction: fewer cost as much
  const double padding = std::max(1.0, row_tile / op.m);
  const BytesPerSecond bandwidth = gpu.memory_bandwidth * profile.bandwidth_fraction;
  const Bytes cache = cache_bytes(op);
  const Seconds streamed = overlapped(padding * op.flops / (decode_peak(op, gpu) * profile.peak_fraction),
                                      cache / bandwidth, profile.overlap_sharpness);
  return {.start = profile.block_share * blocks + (op.bytes - cache) / bandwidth,
          .per_key = profile.key + (op.n > 0 ? streamed / op.n : Seconds{}),
          .fill = profile.fill,
          .fill_keys = profile.fill_keys};
}

// Where the stream takes as long as `time`; negative if it always takes longer.
double context_at(Seconds time, const Stream& stream) {
  const Seconds filling = stream.per_key + stream.fill / stream.fill_keys;
  const double early = (time - stream.start) / filling;
  return early < stream.fill_keys ? early : (time - stream.start - stream.fill) / stream.per_key;
}

}  // namespace

ContextLine context_line(const Operator& op, const GpuSpec& gpu) {
  ensure(decodes(op), "context_line() is asked about decoding");
  const ServingProfile& serving = gpu.kernels.serving;
  const bool latent = op.kind == OperatorKind::latent_decode;
  const DecodeProfile& profile = by_storage(latent ? serving.latent_decode : serving.decode, op.storage);
  const Seconds blocks = op.batch * (profile.block + profile.row * op.m + (op.m > 1 ? profile.grouped : Seconds{}));
  const Seconds launch = profile.launch * op.kernels;
  const Stream stream = stream_of(op, gpu, profile, blocks);
  const double blocks_end = context_at(blocks, stream);
  if (op.n < blocks_end) return {.fixed = launch + blocks, .per_key = {}, .until = blocks_end};
  if (op.n < stream.fill_keys)
    return {.fixed = launch + stream.start,
            .per_key = stream.per_key + stream.fill / stream.fill_keys,
            .until = stream.fill_keys};
  return {.fixed = launch + stream.start + stream.fill, .per_key = stream.per_key};
}

Seconds decode_cost(const Operator& op, const GpuSpec& gpu) {
  const ContextLine line = context_line(op, gpu);
  return line.fixed + op.n * line.per_key;
}

KernelTime latent_prefill_time(const Operator& op, const GpuSpec& gpu) {
  const AttentionProfile& attention = by_storage(gpu.kernels.serving.latent_prefill, op.storage);
  // Values are two thirds as wide as keys in every model with latent attention (128 and 192).
  const double flops_per_score = 2 * op.k * (1 + 2.0 / 3);
  return prompt_time(op, gpu, attention,
                     {.flops_per_score = flops_per_score, .rate = decode_peak(op, gpu) * attention.peak_fraction});
}

}  // namespace aifsim::hardware
