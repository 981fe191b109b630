// The vocabulary in which model/ states work and hardware/ prices it.
#pragma once

#include <string_view>

#include "base/precision.hpp"
#include "base/quantity.hpp"

namespace aifsim {

// How a kernel behaves on a GPU; hardware/ keeps one efficiency model for each.
enum class OperatorKind {
  gemm,                // C[m,n] = A[m,k] B[k,n], `batch` times in one launch
  attention_forward,   // fused (flash) attention
  attention_backward,  // its gradient, 2.5 x the forward FLOPs
  attention_decode,    // a few query tokens of each sequence against its KV cache: bound by reading the cache
  latent_prefill,      // DeepSeek's latent attention (MLA) over a prompt, keys and values expanded to all heads
  latent_decode,       // the same against the compressed cache, projections absorbed into the query
  expert_ffn,          // the routed experts' FFN of one layer, all of a rank's experts in one fused grouped GEMM
  memory,              // elementwise, norm, rotary, optimizer, quantise …: bound by HBM traffic alone
};

// What the operator is, for reports ("qkv_projection", "norm", "optimizer").
using OperatorName = std::string_view;  // always a string literal

struct Operator {
  OperatorKind kind = OperatorKind::memory;
  OperatorName name;
  Precision precision = Precision::bf16;  // of the arithmetic
  Flops flops;                            // executed (causal attention: only the half that is computed)
  Bytes bytes;                            // least HBM traffic: inputs read once, outputs written once
  double kernels = 1;                     // launches

  // The shape.              m                                   n                     k              batch
  // gemm                    rows                                columns               depth          repetitions
  // attention_forward, …    query length                        key length            head_dim       sequences x heads
  // attention_decode        query tokens x heads of a KV head   mean cached tokens    head_dim       sequences x KV
  // heads latent_prefill          query length                        key length            QK head_dim    sequences x
  // heads latent_decode           query tokens x heads                mean cached tokens    latent width   sequences
  // expert_ffn              (token, expert) pairs of the rank   expert's inner width  hidden         experts with work
  double m = 0, n = 0, k = 0, batch = 1;
  // Of what is read most where the arithmetic is in another format: the KV cache, 4-bit weights under 16-bit
  // arithmetic.
  Precision storage = Precision::bf16;
};

}  // namespace aifsim
