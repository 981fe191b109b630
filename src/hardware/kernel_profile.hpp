// How well one GPU's kernel library uses the GPU, fitted to measured kernels by tools/fit_kernels.py. Parsed from
// platforms/catalog/kernels/<table>.yaml, whose keys are these fields. Fractions are of the GPU's own peaks, so that
// one table can serve GPUs that differ in clock or memory only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/precision.hpp"
#include "base/quantity.hpp"

namespace aifsim::hardware {

struct GemmProfile {
  double peak_fraction = 1;       // of a large GEMM that lasts no longer than a millisecond
  double balanced_tile = 0;       // smallest 1/(1/tile_m + 1/tile_n) that the operand loads can feed at full rate
  double wave_quantisation = 0;   // 0: a part-filled last wave costs its share; 1: it costs a whole wave
  double k_ramp = 0;              // prologue and epilogue of a tile, as extra elements of k
  double bandwidth_fraction = 1;  // of HBM
  Seconds launch;
  double overlap_sharpness = 4;  // compute and memory time combine as (c^s + m^s)^(1/s); infinity would be max()
  double sustained_loss = 0;     // slowdown per tenfold duration beyond 1 ms (clocks fall under load), for 1.5 decades
};

struct AttentionProfile {
  double peak_fraction = 1;       // forward, head_dim 128, long sequences, GPU filled
  double block_rows = 128;        // query rows of one thread block
  double key_ramp = 0;            // masked part of the diagonal tile, prologue and epilogue, as extra keys per row
  double tail = 0;                // share of the longest block's time that the other SMs wait for
  double bandwidth_fraction = 1;  // of HBM
  Seconds launch;
  double softmax_dim = 0;     // time per score grows as head_dim + this (exponentials do not shrink with head_dim)
  double backward_ratio = 1;  // backward FLOP/s over forward FLOP/s
};

struct MemoryProfile {
  double bandwidth_fraction = 1;
  Seconds launch;
};

// Decoding against a cache: launch, then the longer of all thread blocks (one for each sequence and KV head) one after
// the other, and filling the GPU, a share of the blocks and the stream of the cache. Each piece is affine in the
// context.
struct DecodeProfile {
  Seconds launch;
  Seconds fill;                   // grows up to this with the mean context …
  double fill_keys = 1;           // … until it is as long as this
  Seconds block;                  // of a block, on the whole GPU: all blocks / their number
  Seconds grouped;                // more of it where several query heads share a KV head
  Seconds row;                    // of each query row (of one head) of a block
  double block_share = 1;         // of the blocks' time that the stream does not hide
  Seconds key;                    // of each key of the mean context: what a split cache cannot spread
  double bandwidth_fraction = 1;  // of HBM
  double peak_fraction = 1;       // of the arithmetic's peak, rows padded to a tensor-core tile of 16
  double overlap_sharpness = 4;   // see GemmProfile
};

// The routed experts of a rank in fused grouped GEMMs: permutation, activation and weighted sum of the outputs
// included.
struct ExpertProfile {
  Seconds launch;                 // of all its kernels together
  Seconds expert;                 // of each expert with work
  double bandwidth_fraction = 1;  // of HBM
  double peak_fraction = 1;
  double balanced_tile = 0;      // see GemmProfile
  double k_ramp = 0;             // see GemmProfile
  double token_passes = 0;       // over what the operator reads and writes beside weights: quantise, permute, sum
  double row_bytes = 0;          // more HBM traffic per (token, expert) pair and hidden width: activation, copies
  double overlap_sharpness = 4;  // see GemmProfile
};

// Kernels that only inference runs.
struct ServingProfile {
  // Where a prompt runs in the same iteration, decodes share its launch and run as prompts of one token: price them as
  // attention_forward with m = query tokens and batch = sequences x query heads.
  bool prompts_take_decodes = false;
  std::map<Precision, DecodeProfile> decode;         // by precision of the cache
  std::map<Precision, DecodeProfile> latent_decode;  // MLA
  std::map<Precision, AttentionProfile> latent_prefill;
  std::map<std::pair<Precision, Precision>, ExpertProfile> experts;  // by arithmetic and storage of the weights
};

// A library other than the measured one: factors on its rates. 0.8 is a library that reaches 80 % of it.
struct LibraryVariant {
  std::string source;
  std::map<Precision, double> gemm;  // a precision not named: 1
  double attention_forward = 1;
  double attention_backward = 1;
  double memory = 1;
  std::optional<double> softmax_dim;  // instead of the table's, see AttentionProfile
};

struct KernelProfile {
  std::string library;       // of the rates below: "trtllm-1.3.0rc20", or the name of the variant applied
  std::string source;        // of the measurement
  std::string derived_from;  // GPU whose measurement this was taken from; empty: measured on this GPU
  std::string derived_because;
  bool pair_tiles = false;  // two SMs can share a 256 x 256 tile (Blackwell)
  std::map<Precision, GemmProfile> gemm;
  std::map<Precision, AttentionProfile> attention;
  MemoryProfile memory;
  ServingProfile serving;
  std::map<std::string, LibraryVariant, std::less<>> libraries;
};

// The profile with the rates of another library that its table knows; nothing when it does not. The name of the
// measured library is known as well and changes nothing.
[[nodiscard]] std::optional<KernelProfile> with_library(const KernelProfile& profile, std::string_view name);
[[nodiscard]] KernelProfile scaled(KernelProfile profile, const LibraryVariant& by);
[[nodiscard]] std::vector<std::string> library_names(const KernelProfile& profile);  // the measured one first

// As on a GPU that has been busy for long: every GEMM pays the whole sustained loss, however short it is. The tables
// time kernels one by one, on a GPU whose clocks have recovered; a training step is one long load.
[[nodiscard]] KernelProfile under_sustained_load(KernelProfile profile);

}  // namespace aifsim::hardware
