// The operators of one transformer layer on one rank, forward and backward.
//
// Tensor parallelism splits heads and FFN columns; with sequence parallelism the norms and residuals see tokens / tp.
// Context parallelism splits the sequence; causal halves are balanced between ranks (zig-zag), so every rank executes
// the same share.
#pragma once

#include <vector>

#include "base/operator.hpp"
#include "model/model_spec.hpp"

namespace aifsim::model {

// How often elementwise work touches memory. A framework's property: fused kernels pass over a tensor less often than
// eager ones. Counted in passes (one read or one write of the tensor).
struct ElementwisePasses {
  double norm_forward = 2, norm_backward = 4;          // x -> y; x, dy -> dx, and the residual's gradient added
  double residual_forward = 3, residual_backward = 0;  // a, b -> a + b
  double rotary_forward = 2, rotary_backward = 2;      // of Q and K
  double activation_forward = 1,
         activation_backward = 1;    // x the reads and writes the formula needs: see operators.cpp
  double loss_bytes_per_logit = 16;  // cross entropy, forward and backward together
  double quantise_transposed = 1;    // 1: FP8 GEMMs need a transposed copy too (Hopper), 0: not
};

struct RankShape {
  double sequences = 1;  // in the micro-batch
  double sequence = 0;   // tokens of one whole sequence
  int tp = 1;
  int cp = 1;
  Precision precision = Precision::bf16;  // of the layers' GEMMs; attention, head and loss stay BF16
  [[nodiscard]] double tokens() const { return sequences * sequence / cp; }
};

enum class Phase { forward, backward };

// Which communication a GEMM can hide, in tensor parallelism with sequence parallelism.
enum class Role {
  plain,
  column_gemm,      // QKV and up projections: input all-gathered before it
  row_gemm,         // output and down projections: output reduce-scattered after it
  data_gradient,    // backward GEMM for the input's gradient
  weight_gradient,  // backward GEMM for the weight's gradient
  attention,
};

struct LayerOperator {
  Operator op;
  Role role = Role::plain;
};

[[nodiscard]] std::vector<LayerOperator> layer_operators(const ModelSpec& model, const RankShape& shape,
                                                         const ElementwisePasses& passes, Phase phase);
[[nodiscard]] std::vector<LayerOperator> embedding_operators(const ModelSpec& model, const RankShape& shape,
                                                             Phase phase);
// Final norm, logits and cross entropy.
[[nodiscard]] std::vector<LayerOperator> head_operators(const ModelSpec& model, const RankShape& shape,
                                                        const ElementwisePasses& passes, Phase phase);

// Bytes a layer keeps for its backward pass, per rank and micro-batch, when nothing is recomputed; `selective` drops
// what is recomputed cheaply (normed inputs, activation output), `full` keeps the layer's input alone.
enum class Recompute { none, selective, full };
[[nodiscard]] Bytes layer_activations(const ModelSpec& model, const RankShape& shape, Recompute recompute);

}  // namespace aifsim::model
