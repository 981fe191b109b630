// Parameter counts against the sizes the models are named by, and what the reader refuses.
#include "model/model_spec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <vector>

#include "base/error.hpp"
#include "model/layers.hpp"

namespace aifsim::model {
namespace {

ModelSpec shipped(const std::string& name) {
  const config::Document document = config::Document::parse("model: " + name + "\n", "x.yaml");
  ModelSpec model = read_model(document.root().required("model"));
  document.check();
  return model;
}

std::string problems_of(const std::string& yaml) {
  const config::Document document = config::Document::parse(yaml, "x.yaml");
  (void)read_model(document.root().required("model"));
  try {
    document.check();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

struct Size {
  const char* name;
  double billions;   // as the model is named, or its paper counts
  double tolerance;  // relative: names are rounded
};

void PrintTo(const Size& size, std::ostream* out) { *out << size.name; }

class NominalSize : public testing::TestWithParam<Size> {};

TEST_P(NominalSize, is_what_the_layers_add_up_to) {
  const auto& [name, billions, tolerance] = GetParam();
  const double counted = total_parameters(shipped(name)) / 1e9;
  EXPECT_LT(std::abs(counted / billions - 1), tolerance) << counted;
}

// Exact counts: Llama 3 from the checkpoints (8.03, 70.6 and 405.9 B; arXiv 2407.21783 rounds them), GPT-3 from
// arXiv 2005.14165, the others as they are named.
INSTANTIATE_TEST_SUITE_P(Shipped, NominalSize,
                         testing::Values(Size{"llama3-8b", 8.03, 0.005}, Size{"llama3-70b", 70.55, 0.005},
                                         Size{"llama3-405b", 405.85, 0.005}, Size{"llama2-7b", 6.74, 0.005},
                                         Size{"llama2-70b", 69.0, 0.005}, Size{"gpt3-175b", 175, 0.01},
                                         Size{"megatron-1t", 1008, 0.01}, Size{"mpt-7b", 6.65, 0.01},
                                         Size{"mpt-30b", 30, 0.01}, Size{"mpt-70b", 64.5, 0.05},
                                         Size{"qwen2.5-72b", 72.7, 0.005}, Size{"qwen3-32b", 32.8, 0.005},
                                         Size{"nemotron4-340b", 341, 0.005}));

// Totals and active parameters as published: the names, or more exactly the model cards. Publishers differ on whether
// the input embedding, of which a token reads one row, counts as active.
struct ExpertSize {
  const char* name;
  double total, active;  // billions
  bool embedding_active;
  double tolerance = 0.02;
};

void PrintTo(const ExpertSize& size, std::ostream* out) { *out << size.name; }

class NominalExpertSize : public testing::TestWithParam<ExpertSize> {};

TEST_P(NominalExpertSize, is_what_the_layers_add_up_to) {
  const ExpertSize& size = GetParam();
  const ModelSpec model = shipped(size.name);
  const double active = active_parameters(model) + (size.embedding_active ? embedding_parameters(model) : 0);
  EXPECT_NEAR(total_parameters(model) / 1e9 / size.total, 1, size.tolerance);
  EXPECT_NEAR(active / 1e9 / size.active, 1, size.tolerance);
}

INSTANTIATE_TEST_SUITE_P(
    Shipped, NominalExpertSize,
    testing::Values(ExpertSize{"deepseek-v3", 671, 37, false}, ExpertSize{"deepseek-r1", 671, 37, false},
                    ExpertSize{"kimi-k2", 1026, 32, false},  // "1T"
                    ExpertSize{"glm-5", 744, 40, false, 0.025}, ExpertSize{"llama4-scout", 109, 17, true},
                    ExpertSize{"llama4-maverick", 400, 17, true}, ExpertSize{"mixtral-8x7b", 46.7, 12.9, true},
                    ExpertSize{"qwen3-30b-a3b", 30.5, 3.3, true}, ExpertSize{"qwen3-235b-a22b", 235, 22, true},
                    ExpertSize{"qwen3-coder-480b-a35b", 480, 35, false}, ExpertSize{"gpt-oss-120b", 117, 5.13, false},
                    ExpertSize{"gpt-oss-20b", 20.9, 3.61, false},
                    ExpertSize{"minimax-m2.5", 230, 10, false, 0.045},  // active: a rounded name
                    ExpertSize{"qwen3.5-397b-a17b", 397, 17, true, 0.025},
                    ExpertSize{"nemotron3-nano-30b-a3b", 31.6, 3.6, true},  // as its training rows state
                    ExpertSize{"nemotron3-super-120b-a12b", 120, 12, false},
                    ExpertSize{"nemotron3-ultra-550b-a55b", 550, 55, false}));

// DeepSeek-V3's README_WEIGHTS (recalled): 11.5 B beside the embedding and head it shares with the model.
TEST(ModelParameters, of_multi_token_prediction_are_apart) {
  EXPECT_NEAR(mtp_parameters(shipped("deepseek-v3")) / 11.5e9, 1, 0.02);
  EXPECT_EQ(mtp_parameters(shipped("llama3-8b")), 0);
}

TEST(ModelCatalog, every_shipped_model_is_sound) {
  const auto entries = list_models();
  EXPECT_GE(entries.size(), 12U);
  for (const ModelEntry& entry : entries) {
    const ModelSpec model = shipped(entry.name);
    EXPECT_FALSE(model.source.empty()) << entry.name;
    EXPECT_EQ(model.heads % model.kv_heads, 0) << entry.name;
    EXPECT_GT(model.head_dim, 0) << entry.name;
    EXPECT_FALSE(entry.summary.empty());
  }
}

TEST(ModelParameters, are_the_sum_of_their_parts) {
  ModelSpec model{.layers = 3, .hidden = 8, .ffn_hidden = 20, .heads = 4, .kv_heads = 2, .head_dim = 2, .vocab = 100};
  // Q and output 8 x 8, K and V 8 x 4, three FFN matrices 8 x 20, two norms of 8.
  EXPECT_EQ(layer_parameters(model), 2 * 64 + 2 * 32 + 3 * 160 + 2 * 8);
  EXPECT_EQ(embedding_parameters(model), 800);
  EXPECT_EQ(total_parameters(model), 3 * layer_parameters(model) + 2 * 800 + 8);
  model.tied_embeddings = true;
  EXPECT_EQ(total_parameters(model), 3 * layer_parameters(model) + 800 + 8);
  model.activation = Activation::gelu;
  model.norm = Norm::layernorm;  // a bias for each norm
  EXPECT_EQ(layer_parameters(model), 2 * 64 + 2 * 32 + 2 * 160 + 4 * 8);
}

TEST(ModelParameters, flops_per_token_are_six_a_parameter_and_causal_attention) {
  const ModelSpec model{
      .layers = 3, .hidden = 8, .ffn_hidden = 20, .heads = 4, .kv_heads = 2, .head_dim = 2, .vocab = 100};
  const double gemms = 3 * (2 * 64 + 2 * 32 + 3 * 160) + 800;
  EXPECT_DOUBLE_EQ(model_flops_per_token(model, 50).in(units::flop), 6 * gemms + 6 * 3 * 8 * 50);
}

const std::string small = "layers: 2, hidden: 64, ffn_hidden: 128, heads: 4, vocab: 100";

TEST(ModelReader, fills_in_what_follows_from_the_rest) {
  const config::Document document = config::Document::parse("model: {" + small + "}\n", "x.yaml");
  const ModelSpec model = read_model(document.root().required("model"));
  document.check();
  EXPECT_EQ(model.kv_heads, 4);
  EXPECT_EQ(model.head_dim, 16);
  EXPECT_EQ(model.name, "custom");
  EXPECT_EQ(model.ffn_matrices(), 3);
}

TEST(ModelReader, explains_what_it_refuses) {
  EXPECT_EQ(problems_of("model: llama3-40b\n"),
            "x.yaml:1:8: model: expected a model (a name from workloads/models/ or a map), got \"llama3-40b\" "
            "(did you mean \"llama3-405b\"?)");
  EXPECT_EQ(problems_of("model: {" + small + ", kv_heads: 3}\n"),
            "x.yaml:1:81: model.kv_heads: expected a divisor of heads (4), got 3");
  EXPECT_EQ(problems_of("model: {" + small + ", activation: silu}\n"),
            "x.yaml:1:83: model.activation: expected one of swiglu, gelu, relu2, got \"silu\"");
  EXPECT_EQ(problems_of("model: {" + small + ", kv_haeds: 2}\n"),
            "x.yaml:1:71: model.kv_haeds: expected a known key, got an unknown key (did you mean \"kv_heads\"?)");
  EXPECT_EQ(problems_of("model: {layers: 0, hidden: 64, ffn_hidden: 128, heads: 4, vocab: 100}\n"),
            "x.yaml:1:17: model.layers: expected an integer from 1 to 10000000, got 0");
}

TEST(ModelReader, more_heads_than_hidden_has_values_need_a_head_dim) {
  EXPECT_EQ(problems_of("model: {layers: 2, hidden: 64, ffn_hidden: 128, heads: 100, vocab: 100}\n"),
            "x.yaml:1:8: model: expected head_dim, since heads (100) do not divide hidden (64), got nothing");
}

const std::string tiny = "layers: 4, hidden: 64, heads: 4, vocab: 100";
const std::string experts = "experts: {count: 8, top_k: 2, ffn_hidden: 32}";

TEST(ModelReader, a_layer_with_experts_has_no_dense_ffn) {
  EXPECT_EQ(problems_of("model: {" + tiny + ", " + experts + "}\n"), "");
  EXPECT_EQ(
      problems_of("model: {" + tiny + ", experts: {count: 8, top_k: 2, ffn_hidden: 32, first_dense_layers: 1}}\n"),
      "x.yaml:1:8: model.ffn_hidden: expected a value, got nothing");
  EXPECT_EQ(problems_of("model: {" + tiny + "}\n"), "x.yaml:1:8: model.ffn_hidden: expected a value, got nothing");
}

TEST(ModelReader, explains_what_does_not_fit_together) {
  const auto problem = [](const std::string& rest) { return problems_of("model: {" + tiny + ", " + rest + "}\n"); };
  const auto tells = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos ? "" : "\"" + part + "\" is not in: " + text;
  };
  EXPECT_EQ(tells(problem("experts: {count: 8, top_k: 9, ffn_hidden: 32}"), "top_k: expected at most count (8), got 9"),
            "");
  EXPECT_EQ(tells(problem("experts: {count: 8, topk: 2, ffn_hidden: 32}"), "(did you mean \"top_k\"?)"), "");
  EXPECT_EQ(tells(problem("ffn_hidden: 8, layer_pattern: \"M*-X\""), "expected letters M (Mamba-2)"), "");
  EXPECT_EQ(
      tells(problem("ffn_hidden: 8, layer_pattern: \"*-\""), "expected one letter for each of the 4 layers, got 2"),
      "");
  EXPECT_EQ(tells(problem("ffn_hidden: 8, layer_pattern: \"M*--\""), "expected no M without a mamba map"), "");
  EXPECT_EQ(tells(problem("ffn_hidden: 8, layer_pattern: \"E*--\""), "expected no E without an experts map"), "");
  EXPECT_EQ(tells(problem("ffn_hidden: 8, mamba: {heads: 2, head_dim: 8, state: 8}"), "expected a layer_pattern"), "");
  EXPECT_EQ(tells(problem("ffn_hidden: 8, sparse_attention: {index_heads: 2, index_head_dim: 8, index_topk: 8}"),
                  "expected latent_attention beside it"),
            "");
  EXPECT_EQ(tells(problem("ffn_hidden: 8, latent_attention: {kv_lora_rank: 8}"), "qk_nope_head_dim"), "");
}

TEST(ModelReader, tells_training_what_it_does_not_simulate) {
  const auto problem = [](const std::string& name) {
    const config::Document document = config::Document::parse("model: " + name + "\n", "x.yaml");
    require_dense(document.root().required("model"), shipped(name));
    return document.has_problems() ? document.problems()[0].message() : "";
  };
  EXPECT_EQ(problem("llama3-8b"), "");
  EXPECT_EQ(problem("mixtral-8x7b"),
            "x.yaml:1:8: model: expected a dense transformer (nothing else is supported for training yet), got a model "
            "with experts");
}

TEST(Layers, follow_interval_pattern_and_period) {
  const auto kinds = [](const char* name) {
    const ModelSpec model = shipped(name);
    return std::vector<int>{layers_with(model, Mixer::attention), layers_with(model, Mixer::window_attention),
                            layers_with(model, Mixer::mamba),     layers_with(model, Mixer::linear_attention),
                            layers_with(model, Ffn::dense),       layers_with(model, Ffn::experts)};
  };
  EXPECT_EQ(kinds("llama4-maverick"), (std::vector{12, 36, 0, 0, 24, 24}));
  EXPECT_EQ(kinds("gpt-oss-120b"), (std::vector{18, 18, 0, 0, 0, 36}));
  EXPECT_EQ(kinds("deepseek-v3"), (std::vector{61, 0, 0, 0, 3, 58}));
  EXPECT_EQ(kinds("qwen3.5-397b-a17b"), (std::vector{15, 0, 0, 45, 0, 60}));
  EXPECT_EQ(kinds("nemotron3-nano-30b-a3b"), (std::vector{6, 0, 23, 0, 0, 23}));
  EXPECT_EQ(kinds("nemotron3-super-120b-a12b"), (std::vector{8, 0, 40, 0, 0, 40}));
}

}  // namespace
}  // namespace aifsim::model
