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

  // gemm: the shape. attention: m = query length, n = key length, k = head_dim, batch = sequences x heads.
  double m = 0, n = 0, k = 0, batch = 1;
};

}  // namespace aifsim
