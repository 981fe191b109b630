#include "model/operators.hpp"

#include "base/error.hpp"

namespace aifsim::model {
namespace {

constexpr double bf16_bytes = 2;
constexpr double fp32_bytes = 4;

Operator memory(OperatorName name, double bytes, double kernels = 1) {
  Operator op;
  op.kind = OperatorKind::memory;
  op.name = name;
  op.bytes = units::B * bytes;
  op.kernels = kernels;
  return op;
}

double element_bytes(Precision precision) { return bytes_per_element(precision).in(units::B); }

// C[m,n] = A[m,k] B[k,n]; inputs in `precision`, the output in `output_bytes` a value (8: an FP32 sum read and
// written).
Operator gemm(OperatorName name, Precision precision, double m, double n, double k, double output_bytes = bf16_bytes) {
  Operator op;
  op.kind = OperatorKind::gemm;
  op.name = name;
  op.precision = precision;
  op.m = m;
  op.n = n;
  op.k = k;
  op.flops = units::flop * (2 * m * n * k);
  op.bytes = units::B * (element_bytes(precision) * (m * k + k * n) + output_bytes * m * n);
  return op;
}

bool quantised(Precision precision) { return element_bytes(precision) < bf16_bytes; }

class LayerBuilder {
 public:
  LayerBuilder(const ModelSpec& model, const RankShape& shape, const ElementwisePasses& passes)
      : model_(model), shape_(shape), passes_(passes), tokens_(shape.tokens()) {}

  std::vector<LayerOperator> forward() {
    norm_forward();
    forward_gemm("qkv_projection", Role::column_gemm, qkv_width(), hidden());
    rotary(passes_.rotary_forward);
    attention(Phase::forward);
    forward_gemm("output_projection", Role::row_gemm, hidden(), query_width());
    residual(passes_.residual_forward);
    norm_forward();
    forward_gemm("mlp_up", Role::column_gemm, up_width(), hidden());
    activation(forward_activation_passes() * passes_.activation_forward);
    forward_gemm("mlp_down", Role::row_gemm, hidden(), ffn());
    residual(passes_.residual_forward);
    return std::move(operators_);
  }

  std::vector<LayerOperator> backward() {
    residual(passes_.residual_backward);
    backward_gemm("mlp_down", hidden(), ffn());
    activation(backward_activation_passes() * passes_.activation_backward);
    backward_gemm("mlp_up", up_width(), hidden());
    norm_backward();
    residual(passes_.residual_backward);
    backward_gemm("output_projection", hidden(), query_width());
    attention(Phase::backward);
    rotary(passes_.rotary_backward);
    backward_gemm("qkv_projection", qkv_width(), hidden());
    norm_backward();
    return std::move(operators_);
  }

 private:
  [[nodiscard]] double hidden() const { return model_.hidden; }
  [[nodiscard]] double ffn() const { return double{1} * model_.ffn_hidden / shape_.tp; }
  [[nodiscard]] double up_width() const { return ffn() * (model_.ffn_matrices() - 1); }
  [[nodiscard]] double query_width() const { return model_.query_width() / shape_.tp; }
  // Fewer KV heads than TP ranks are replicated: a rank holds at least one.
  [[nodiscard]] double kv_width() const {
    const double heads = double{1} * model_.kv_heads / shape_.tp;
    return (heads < 1 ? 1 : heads) * model_.head_dim;
  }
  [[nodiscard]] double qkv_width() const { return query_width() + 2 * kv_width(); }

  void add(Operator op, Role role = Role::plain) { operators_.push_back({op, role}); }

  void forward_gemm(OperatorName name, Role role, double width_out, double width_in) {
    quantise(tokens_ * width_in);
    add(gemm(name, shape_.precision, tokens_, width_out, width_in), role);
  }

  void backward_gemm(OperatorName name, double width_out, double width_in) {
    quantise(tokens_ * width_out);
    add(gemm(name, shape_.precision, tokens_, width_in, width_out), Role::data_gradient);
    // dW[out,in] = dY^T X, summed over micro-batches in FP32 by the same kernel.
    add(gemm(name, shape_.precision, width_out, width_in, tokens_, 2 * fp32_bytes), Role::weight_gradient);
  }

  // Activations or output gradients to the GEMM's format: read BF16, write the format once, and its transpose.
  void quantise(double values) {
    if (!quantised(shape_.precision)) return;
    const double written = element_bytes(shape_.precision) * (1 + passes_.quantise_transposed);
    add(memory("quantise", values * (bf16_bytes + written)));
  }

  // Norms and residuals see this rank's slice of the sequence (sequence parallelism).
  [[nodiscard]] double slice_bytes() const { return tokens_ / shape_.tp * hidden() * bf16_bytes; }
  void norm_forward() { add(memory("norm", slice_bytes() * passes_.norm_forward)); }
  void norm_backward() { add(memory("norm", slice_bytes() * passes_.norm_backward, 2)); }
  void residual(double passes) {
    if (passes > 0) add(memory("residual", slice_bytes() * passes));
  }
  void rotary(double passes) {
    if (model_.position != Position::rope || passes <= 0) return;
    add(memory("rotary", tokens_ * (query_width() + kv_width()) * bf16_bytes * passes, 2));
  }

  // In tensors of width ffn: gated reads two, writes one; backward reads those and the gradient, writes two.
  [[nodiscard]] double forward_activation_passes() const { return model_.ffn_matrices() == 3 ? 3 : 2; }
  [[nodiscard]] double backward_activation_passes() const { return model_.ffn_matrices() == 3 ? 5 : 3; }
  void activation(double passes) { add(memory("activation", tokens_ * ffn() * bf16_bytes * passes)); }

  void attention(Phase phase) {
    const bool backward = phase == Phase::backward;
    Operator op;
    op.kind = backward ? OperatorKind::attention_backward : OperatorKind::attention_forward;
    op.name = "attention";
    // Under context parallelism a rank's queries meet one rank's keys at a time: cp kernels of an equal causal share
    // each.
    op.m = shape_.sequence / shape_.cp;
    op.n = shape_.sequence / shape_.cp;
    op.k = model_.head_dim;
    op.batch = shape_.sequences * query_width() / model_.head_dim * shape_.cp;
    // Two GEMMs of 2 m n d each, the causal half; five of them backward (flash attention recomputes the scores).
    const double forward_flops = 4 * op.batch * op.m * op.n * op.k / 2;
    op.flops = units::flop * (forward_flops * (backward ? 2.5 : 1.0));
    const double tensors = tokens_ * (query_width() + kv_width()) * 2 * bf16_bytes;  // Q, K, V, O
    op.bytes = units::B * (tensors * (backward ? 2 : 1));
    op.kernels = (backward ? 2 : 1) * shape_.cp;
    add(op, Role::attention);
    // Each further kernel's output is rescaled into the sum, kept in FP32.
    const double merged = (shape_.cp - 1) * tokens_ * query_width();
    if (merged > 0) add(memory("attention merge", merged * (bf16_bytes + 2 * fp32_bytes), shape_.cp - 1));
  }

  const ModelSpec& model_;
  const RankShape& shape_;
  const ElementwisePasses& passes_;
  double tokens_;
  std::vector<LayerOperator> operators_;
};

}  // namespace

std::vector<LayerOperator> layer_operators(const ModelSpec& model, const RankShape& shape,
                                           const ElementwisePasses& passes, Phase phase) {
  LayerBuilder builder(model, shape, passes);
  return phase == Phase::forward ? builder.forward() : builder.backward();
}

std::vector<LayerOperator> embedding_operators(const ModelSpec& model, const RankShape& shape, Phase phase) {
  const double values = shape.tokens() * model.hidden;
  // Forward gathers rows; backward adds gradients into the FP32 table's rows.
  const double bytes = phase == Phase::forward ? 2 * bf16_bytes : bf16_bytes + 2 * fp32_bytes;
  return {{memory("embedding", values * bytes), Role::plain}};
}

std::vector<LayerOperator> head_operators(const ModelSpec& model, const RankShape& shape,
                                          const ElementwisePasses& passes, Phase phase) {
  const double tokens = shape.tokens();
  const double vocabulary = double{1} * model.vocab / shape.tp;
  const double norm_bytes = tokens / shape.tp * model.hidden * bf16_bytes;
  const double loss_bytes = tokens * vocabulary * passes.loss_bytes_per_logit / 2;
  std::vector<LayerOperator> operators;
  if (phase == Phase::forward) {
    operators.push_back({memory("norm", norm_bytes * passes.norm_forward), Role::plain});
    operators.push_back({gemm("logits", Precision::bf16, tokens, vocabulary, model.hidden), Role::column_gemm});
    operators.push_back({memory("loss", loss_bytes, 3), Role::plain});
    return operators;
  }
  operators.push_back({memory("loss", loss_bytes, 2), Role::plain});
  operators.push_back({gemm("logits", Precision::bf16, tokens, model.hidden, vocabulary), Role::data_gradient});
  operators.push_back(
      {gemm("logits", Precision::bf16, vocabulary, model.hidden, tokens, 2 * fp32_bytes), Role::weight_gradient});
  operators.push_back({memory("norm", norm_bytes * passes.norm_backward), Role::plain});
  return operators;
}

Bytes layer_activations(const ModelSpec& model, const RankShape& shape, Recompute recompute) {
  const double tokens = shape.tokens();
  const double slice = tokens / shape.tp * model.hidden * bf16_bytes;
  if (recompute == Recompute::full) return units::B * slice;
  const double gemm_input = quantised(shape.precision) ? element_bytes(shape.precision) : bf16_bytes;
  const double ffn = double{1} * model.ffn_hidden / shape.tp;
  const double attention = (2 * model.query_width() + 2 * model.kv_width()) / shape.tp;  // Q, K, V and the output
  const double inputs = 2 * slice;                                                       // of both norms
  const double up_output = tokens * ffn * (model.ffn_matrices() - 1) * bf16_bytes;
  const double kept = inputs + tokens * attention * bf16_bytes + up_output;
  if (recompute == Recompute::selective) return units::B * kept;
  // Normed inputs of the column GEMMs (sequence-parallel slices) and the activation's output.
  const double recomputable = 2 * tokens / shape.tp * model.hidden * gemm_input + tokens * ffn * gemm_input;
  return units::B * (kept + recomputable);
}

}  // namespace aifsim::model
