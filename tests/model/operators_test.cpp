// Operators of a layer against closed forms, for every degree of tensor and context parallelism.
#include "model/operators.hpp"

#include <gtest/gtest.h>

#include <random>

namespace aifsim::model {
namespace {

constexpr ElementwisePasses passes;

ModelSpec llama() {
  return {.name = "small llama",
          .source = "test",
          .layers = 4,
          .hidden = 2048,
          .ffn_hidden = 8192,
          .heads = 32,
          .kv_heads = 8,
          .head_dim = 64,
          .vocab = 32000};
}

Flops sum(const std::vector<LayerOperator>& operators) {
  Flops flops;
  for (const LayerOperator& entry : operators) flops += entry.op.flops;
  return flops;
}

// Elementwise traffic, but for what only context parallelism adds.
Bytes elementwise_bytes(const std::vector<LayerOperator>& operators) {
  Bytes bytes;
  for (const LayerOperator& entry : operators) {
    if (entry.op.kind == OperatorKind::memory && entry.op.name != "attention merge") bytes += entry.op.bytes;
  }
  return bytes;
}

// GEMM parameters of one layer, from the shapes alone.
double gemm_weights(const ModelSpec& model) {
  return double{1} * model.hidden * (2 * model.query_width() + 2 * model.kv_width()) +
         double{1} * model.ffn_matrices() * model.hidden * model.ffn_hidden;
}

TEST(LayerOperators, forward_flops_are_two_a_weight_and_token_and_the_causal_half_of_attention) {
  const ModelSpec model = llama();
  const RankShape shape{.sequences = 3, .sequence = 4096};
  const double tokens = 3 * 4096;
  const double wanted = 2 * gemm_weights(model) * tokens + 2 * model.query_width() * 4096 * tokens;
  EXPECT_DOUBLE_EQ(sum(layer_operators(model, shape, passes, Phase::forward)).in(units::flop), wanted);
}

TEST(LayerOperators, backward_doubles_the_gemms_and_does_five_attention_gemms_for_two) {
  const ModelSpec model = llama();
  const RankShape shape{.sequences = 1, .sequence = 4096};
  const double attention = 2 * model.query_width() * 4096 * 4096;
  const double wanted = 4 * gemm_weights(model) * 4096 + 2.5 * attention;
  EXPECT_DOUBLE_EQ(sum(layer_operators(model, shape, passes, Phase::backward)).in(units::flop), wanted);
}

// The MFU numerator counts 2 of backward attention's 2.5: flash attention computes the scores again.
TEST(LayerOperators, add_up_to_the_model_flops_of_a_token) {
  const ModelSpec model = llama();
  for (const double sequence : {512.0, 8192.0, 131072.0}) {
    const RankShape shape{.sequences = 1, .sequence = sequence};
    Flops executed = sum(head_operators(model, shape, passes, Phase::forward)) +
                     sum(head_operators(model, shape, passes, Phase::backward));
    Flops rescored;
    for (const Phase phase : {Phase::forward, Phase::backward}) {
      const auto layer = layer_operators(model, shape, passes, phase);
      executed += sum(layer) * double{1} * model.layers;
      for (const LayerOperator& entry : layer) {
        if (entry.op.kind == OperatorKind::attention_backward) rescored += entry.op.flops * 0.2 * model.layers;
      }
    }
    const double wanted = (model_flops_per_token(model, sequence) * sequence).in(units::flop);
    EXPECT_NEAR((executed - rescored).in(units::flop) / wanted, 1, 1e-12) << sequence;
  }
}

TEST(LayerOperators, tensor_and_context_ranks_share_the_work_exactly) {
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    ModelSpec model = llama();
    model.activation = random() % 2 == 0 ? Activation::swiglu : Activation::gelu;
    const int tp = 1 << (random() % 4);  // at most the 8 KV heads
    const int cp = 1 << (random() % 4);
    const RankShape whole{.sequences = 2, .sequence = 4096};
    const RankShape part{.sequences = 2, .sequence = 4096, .tp = tp, .cp = cp};
    for (const Phase phase : {Phase::forward, Phase::backward}) {
      const double one = sum(layer_operators(model, whole, passes, phase)).in(units::flop);
      const double split = sum(layer_operators(model, part, passes, phase)).in(units::flop)*tp * cp;
      EXPECT_NEAR(split / one, 1, 1e-12) << "tp " << tp << " cp " << cp;
      const double head = sum(head_operators(model, whole, passes, phase)).in(units::flop);
      EXPECT_NEAR(sum(head_operators(model, part, passes, phase)).in(units::flop)*tp * cp / head, 1, 1e-12);
      // Sequence parallelism: elementwise traffic is split too.
      const double traffic = elementwise_bytes(layer_operators(model, whole, passes, phase)).in(units::B);
      const double share = elementwise_bytes(layer_operators(model, part, passes, phase)).in(units::B);
      EXPECT_NEAR(share * tp * cp / traffic, 1, 1e-12);
    }
  }
}

TEST(LayerOperators, more_ranks_than_kv_heads_hold_one_each) {
  const ModelSpec model = llama();
  const auto qkv = [&](int tp) {
    for (const auto& entry : layer_operators(model, {.sequence = 1024, .tp = tp}, passes, Phase::forward)) {
      if (entry.op.name == "qkv_projection") return entry.op.n;
    }
    return 0.0;
  };
  EXPECT_EQ(qkv(8), 4 * 64 + 2 * 64);
  EXPECT_EQ(qkv(16), 2 * 64 + 2 * 64);  // not half of it
}

TEST(LayerOperators, every_gemm_multiplies_what_it_says) {
  const RankShape shape{.sequences = 1, .sequence = 2048, .tp = 4, .cp = 2, .precision = Precision::fp8};
  for (const Phase phase : {Phase::forward, Phase::backward}) {
    for (const LayerOperator& entry : layer_operators(llama(), shape, passes, phase)) {
      const Operator& op = entry.op;
      EXPECT_GT(op.bytes, Bytes{}) << op.name;
      EXPECT_GE(op.kernels, 1) << op.name;
      if (op.kind == OperatorKind::gemm) {
        EXPECT_DOUBLE_EQ(op.flops.in(units::flop), 2 * op.m * op.n * op.k) << op.name;
        EXPECT_EQ(op.precision, Precision::fp8) << op.name;
      }
      const bool streams = op.kind == OperatorKind::memory;
      EXPECT_EQ(op.flops == Flops{}, streams) << op.name;
    }
  }
}

TEST(LayerOperators, only_narrow_formats_are_quantised) {
  const auto quantised = [](Precision precision, Phase phase) {
    int count = 0;
    const RankShape shape{.sequence = 1024, .precision = precision};
    for (const auto& entry : layer_operators(llama(), shape, passes, phase)) count += entry.op.name == "quantise";
    return count;
  };
  for (const Phase phase : {Phase::forward, Phase::backward}) {
    EXPECT_EQ(quantised(Precision::bf16, phase), 0);
    EXPECT_EQ(quantised(Precision::fp8, phase), 4);
    EXPECT_EQ(quantised(Precision::nvfp4, phase), 4);
  }
}

TEST(LayerOperators, a_model_without_rotary_embedding_has_none) {
  ModelSpec model = llama();
  model.position = Position::alibi;
  for (const auto& entry : layer_operators(model, {.sequence = 64}, passes, Phase::forward)) {
    EXPECT_NE(entry.op.name, "rotary");
  }
}

TEST(Activations, recomputing_more_keeps_less) {
  for (const Precision precision : {Precision::bf16, Precision::fp8, Precision::nvfp4}) {
    for (const int tp : {1, 2, 8}) {
      const RankShape shape{.sequences = 1, .sequence = 8192, .tp = tp, .precision = precision};
      const Bytes none = layer_activations(llama(), shape, Recompute::none);
      const Bytes selective = layer_activations(llama(), shape, Recompute::selective);
      const Bytes full = layer_activations(llama(), shape, Recompute::full);
      EXPECT_GT(none, selective);
      EXPECT_GT(selective, full);
      EXPECT_GT(full, Bytes{});
      EXPECT_DOUBLE_EQ(full.in(units::B), 8192.0 / tp * 2048 * 2);  // the layer's input, in BF16
    }
  }
}

TEST(Activations, grow_with_tokens_and_shrink_with_ranks) {
  const auto kept = [](double sequences, int tp, int cp) {
    return layer_activations(llama(), {.sequences = sequences, .sequence = 8192, .tp = tp, .cp = cp}, Recompute::none);
  };
  EXPECT_DOUBLE_EQ(kept(4, 1, 1) / kept(1, 1, 1), 4);
  EXPECT_DOUBLE_EQ(kept(1, 1, 1) / kept(1, 4, 2), 8);
}

}  // namespace
}  // namespace aifsim::model
