// Building blocks of an inference pass, private to src/model.
#pragma once

#include "base/operator.hpp"
#include "model/inference.hpp"

namespace aifsim::model {

inline constexpr double bf16_bytes = 2;
inline constexpr double fp32_bytes = 4;

[[nodiscard]] inline double element_bytes(Precision precision) { return bytes_per_element(precision).in(units::B); }

// Of one weight: 128 x 128 share one scale where they are scaled in blocks, which is next to nothing.
[[nodiscard]] inline double stored_bytes(Precision weights, Precision activations) {
  return element_bytes(scaled_in_blocks(weights, activations) ? activations : weights);
}

// Shares of a model that fall on the fullest pipeline stage and on one tensor rank.
[[nodiscard]] inline double stage_share(const ModelSpec& model, const InferencePlan& plan) {
  return double{1} * ((model.layers + plan.pp - 1) / plan.pp) / model.layers;
}
[[nodiscard]] inline double local_heads(const ModelSpec& model, const InferencePlan& plan) {
  return double{1} * model.heads / plan.tp;
}
// Fewer KV heads than tensor ranks are replicated: a rank holds at least one.
[[nodiscard]] inline double local_kv_heads(const ModelSpec& model, const InferencePlan& plan) {
  return model.kv_heads > plan.tp ? double{1} * model.kv_heads / plan.tp : 1;
}

class PassBuilder {
 public:
  // `times` of what is added next.
  void layers(double times) { times_ = times; }
  void memory(OperatorName name, double bytes, double kernels = 1);
  // C[m,n] = A[m,k] B[k,n], inputs in `format`, B stored in `weights`, a BF16 result.
  void gemm(OperatorName name, Precision weights, Precision format, double m, double n, double k, double batch = 1);
  void add(const Operator& op);
  void exchange(Exchange exchange, OperatorName name, double bytes);
  [[nodiscard]] Pass take() { return std::move(pass_); }

 private:
  Pass pass_;
  double times_ = 1;
};

}  // namespace aifsim::model
