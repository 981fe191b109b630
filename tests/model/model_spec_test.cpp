// Parameter counts against the sizes the models are named by, and what the reader refuses.
#include "model/model_spec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include "base/error.hpp"

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

}  // namespace
}  // namespace aifsim::model
