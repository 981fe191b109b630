// LoRA adapters against what is counted by hand.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/inference.hpp"
#include "model/layers.hpp"

namespace aifsim::model {
namespace {

ModelSpec shipped(const std::string& name) {
  const config::Document document = config::Document::parse("model: " + name + "\n", "x.yaml");
  ModelSpec model = read_model(document.root().required("model"));
  document.check();
  return model;
}

InferencePlan plan_of(int rank, int tp = 1, bool ffn = true) {
  InferencePlan plan;
  plan.tp = tp;
  plan.adapter = {.rank = rank, .attention = true, .ffn = ffn};
  return plan;
}

double parameters(const ModelSpec& model, const InferencePlan& plan) {
  return adapter_bytes(model, plan).in(units::B) / 2;
}

struct Sums {
  double bytes = 0, flops = 0, launches = 0;
};
Sums sums(const Pass& pass, OperatorName name) {
  Sums sum;
  for (const auto& [op, times] : pass.operators) {
    if (op.name != name) continue;
    sum.bytes += op.bytes.in(units::B)*times;
    sum.flops += op.flops.in(units::flop)*times;
    sum.launches += op.kernels * times;
  }
  return sum;
}

// Rank x (in + out) of each linear layer.
TEST(Adapters, llama3_8b_has_42_million_parameters) {
  const ModelSpec model = shipped("llama3-8b");
  const double attention = 2 * (4096 + 4096) + 2 * (4096 + 1024), ffn = 3 * (4096 + 14336);
  EXPECT_DOUBLE_EQ(parameters(model, plan_of(16)), 32 * 16 * (attention + ffn));
  EXPECT_DOUBLE_EQ(parameters(model, plan_of(16)), 41943040);
  EXPECT_DOUBLE_EQ(parameters(model, plan_of(16, 1, false)), 32 * 16 * attention);
  EXPECT_DOUBLE_EQ(parameters(model, plan_of(0)), 0);
}

// A is whole before column-parallel layers, B after row-parallel ones.
TEST(Adapters, tensor_ranks_share_them_as_vllm_does) {
  const double qkv = 3 * 4096 + 6144 / 4.0, output = 4096 / 4.0 + 4096;
  const double up = 2 * 4096 + 2 * 14336 / 4.0, down = 14336 / 4.0 + 4096;
  EXPECT_DOUBLE_EQ(parameters(shipped("llama3-8b"), plan_of(8, 4)), 32 * 8 * (qkv + output + up + down));
}

// Both kernels of four fused layers in each of 32 layers; weights of each adapter once, the tokens' values in and out.
TEST(Adapters, a_pass_reads_each_adapter_once) {
  const ModelSpec model = shipped("llama3-8b");
  const double tokens = 24, adapters = 3, rank = 16;
  const Pass pass = adapter_pass(model, plan_of(16), tokens, adapters);
  const Sums shrink = sums(pass, "lora_shrink"), expand = sums(pass, "lora_expand");
  const double in = 4096 + 4096 + 4096 + 14336, low_in = 3 * 4096 + 4096 + 2 * 4096 + 14336, parts = 3 + 1 + 2 + 1;
  const double out = 6144 + 4096 + 28672 + 4096;
  EXPECT_DOUBLE_EQ(shrink.launches, 32 * 4);
  EXPECT_DOUBLE_EQ(expand.launches, 32 * 4);
  EXPECT_DOUBLE_EQ(shrink.bytes, 32 * (adapters * rank * low_in * 2 + tokens * in * 2 + tokens * parts * rank * 4));
  EXPECT_DOUBLE_EQ(expand.bytes, 32 * (adapters * rank * out * 2 + tokens * parts * rank * 4 + 2 * tokens * out * 2));
  // Of each adapter half a block of 32 rows is computed for nothing.
  EXPECT_DOUBLE_EQ(shrink.flops + expand.flops, 32 * 2 * (tokens + 16 * adapters) * rank * (low_in + out));
  EXPECT_TRUE(adapter_pass(model, plan_of(16), 0, 0).operators.empty());
}

TEST(Adapters, latent_attention_has_them_on_its_down_and_query_projections) {
  const ModelSpec model = shipped("deepseek-v3");
  const double down = 2 * 7168 + 1536 + 576, query = 1536 + 128 * 192, output = 128 * 128 + 7168;
  const double dense = 2 * 7168 + 2 * 18432 + 18432 + 7168, shared = 2 * 7168 + 2 * 2048 + 2048 + 7168;
  EXPECT_DOUBLE_EQ(parameters(model, plan_of(16, 1, false)), 61 * 16 * (down + query + output));
  EXPECT_DOUBLE_EQ(parameters(model, plan_of(16)), 61 * 16 * (down + query + output) + 16 * (3 * dense + 58 * shared));
}

TEST(Adapters, routed_experts_have_none) {
  const ModelSpec model = shipped("qwen3-235b-a22b");  // no shared experts
  EXPECT_EQ(parameters(model, plan_of(16)), parameters(model, plan_of(16, 1, false)));
}

TEST(Adapters, recurrent_layers_have_them_where_all_linear_layers_do) {
  const ModelSpec model = shipped("nemotron3-super-120b-a12b");
  ASSERT_TRUE(model.mamba);
  const Mamba& mamba = *model.mamba;
  const double in = model.hidden + mamba.inner() + mamba.conv_channels() + mamba.heads,
               out = mamba.inner() + model.hidden;
  const double shared = 16.0 * layers_with(model, Ffn::experts) * 2 * (model.hidden + model.experts->shared_ffn);
  EXPECT_DOUBLE_EQ(parameters(model, plan_of(16)) - parameters(model, plan_of(16, 1, false)),
                   16 * layers_with(model, Mixer::mamba) * (in + out) + shared);
}

TEST(Adapters, every_model_has_them_and_reads_them_whole) {
  for (const ModelEntry& entry : list_models()) {
    const ModelSpec model = shipped(entry.name);
    for (const int tp : {1, 4}) {
      const InferencePlan plan = plan_of(32, tp);
      const double held = adapter_bytes(model, plan).in(units::B);
      EXPECT_GT(held, 0) << entry.name;
      const Pass pass = adapter_pass(model, plan, 1, 1);
      const double moved = sums(pass, "lora_shrink").bytes + sums(pass, "lora_expand").bytes;
      EXPECT_GT(moved, held) << entry.name;
      EXPECT_LT(moved, held * 1.5) << entry.name;
    }
    // Ranks together hold at least a whole one, and no rank more than it.
    EXPECT_GE(parameters(model, plan_of(32, 4)) * 4, parameters(model, plan_of(32)) * (1 - 1e-12)) << entry.name;
    EXPECT_LE(parameters(model, plan_of(32, 4)), parameters(model, plan_of(32))) << entry.name;
  }
}

TEST(Adapters, a_stage_has_its_layers) {
  const ModelSpec model = shipped("llama3-8b");
  InferencePlan plan = plan_of(16);
  plan.pp = 4;
  EXPECT_DOUBLE_EQ(parameters(model, plan), 41943040 / 4.0);
}

}  // namespace
}  // namespace aifsim::model
