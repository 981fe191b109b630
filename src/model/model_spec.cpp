// Reads a model's YAML.
#include "model/model_spec.hpp"

#include <algorithm>
#include <array>

#include "model/layers.hpp"
#include "model/vision.hpp"

namespace aifsim::model {
namespace {

constexpr std::array<std::string_view, 2> norm_names{"rmsnorm", "layernorm"};
constexpr std::array<std::string_view, 3> activation_names{"swiglu", "gelu", "relu2"};
constexpr std::array<std::string_view, 4> position_names{"rope", "learned", "alibi", "none"};
constexpr std::array<std::string_view, 3> query_key_norms{"none", "heads", "width"};
constexpr config::Range positive{.min = 1, .max = 1e7};
constexpr config::Range not_negative{.min = 0, .max = 1e7};

int count(const config::Node& node) { return static_cast<int>(node.integer(positive)); }
int count_or(const config::Node& node, int fallback, config::Range range = positive) {
  return static_cast<int>(node.integer_or(fallback, range));
}

Experts read_experts(const config::Node& node, const ModelSpec& model) {
  Experts experts;
  experts.count = count(node.required("count"));
  experts.top_k = count(node.required("top_k"));
  experts.ffn_hidden = count(node.required("ffn_hidden"));
  experts.shared_ffn = count_or(node.optional("shared_ffn"), 0, not_negative);
  experts.latent = count_or(node.optional("latent"), 0, not_negative);
  const config::Range up_to_layers{.min = 0, .max = double{1} * std::max(model.layers, 1)};
  experts.first_dense_layers = count_or(node.optional("first_dense_layers"), 0, up_to_layers);
  experts.every = count_or(node.optional("every"), 1, {.min = 1, .max = up_to_layers.max});
  node.finish();
  if (experts.top_k > experts.count) {
    node.required("top_k").problem("at most count (" + std::to_string(experts.count) + ")",
                                   std::to_string(experts.top_k));
  }
  return experts;
}

LatentAttention read_latent_attention(const config::Node& node) {
  LatentAttention mla;
  mla.q_lora_rank = count_or(node.optional("q_lora_rank"), 0, not_negative);
  mla.kv_lora_rank = count(node.required("kv_lora_rank"));
  mla.qk_nope_head_dim = count(node.required("qk_nope_head_dim"));
  mla.qk_rope_head_dim = count(node.required("qk_rope_head_dim"));
  mla.v_head_dim = count(node.required("v_head_dim"));
  node.finish();
  return mla;
}

SparseAttention read_sparse_attention(const config::Node& node) {
  SparseAttention sparse;
  sparse.index_heads = count(node.required("index_heads"));
  sparse.index_head_dim = count(node.required("index_head_dim"));
  sparse.index_topk = count(node.required("index_topk"));
  node.finish();
  return sparse;
}

SlidingWindow read_sliding_window(const config::Node& node) {
  SlidingWindow window;
  window.tokens = count(node.required("tokens"));
  window.full_every = count_or(node.optional("full_every"), 0, not_negative);
  window.chunked = node.optional("chunked").boolean_or(false);
  node.finish();
  return window;
}

Mamba read_mamba(const config::Node& node) {
  Mamba mamba;
  mamba.heads = count(node.required("heads"));
  mamba.head_dim = count(node.required("head_dim"));
  mamba.state = count(node.required("state"));
  mamba.groups = count_or(node.optional("groups"), mamba.groups);
  mamba.conv = count_or(node.optional("conv"), mamba.conv);
  mamba.chunk = count_or(node.optional("chunk"), mamba.chunk);
  node.finish();
  return mamba;
}

LinearAttention read_linear_attention(const config::Node& node) {
  LinearAttention linear;
  linear.key_heads = count(node.required("key_heads"));
  linear.value_heads = count(node.required("value_heads"));
  linear.key_head_dim = count(node.required("key_head_dim"));
  linear.value_head_dim = count(node.required("value_head_dim"));
  linear.conv = count_or(node.optional("conv"), linear.conv);
  linear.chunk = count_or(node.optional("chunk"), linear.chunk);
  linear.full_every = count_or(node.optional("full_every"), 0, not_negative);
  node.finish();
  return linear;
}

void read_beyond_dense(const config::Node& node, ModelSpec& model) {
  model.gated_attention = node.optional("gated_attention").boolean_or(false);
  model.query_key_norm = static_cast<QueryKeyNorm>(node.optional("query_key_norm").choice_or(0, query_key_norms));
  model.fp8_in_blocks = node.optional("fp8_in_blocks").boolean_or(false);
  model.mtp_layers = count_or(node.optional("mtp_layers"), 0, not_negative);
  model.layer_pattern = node.optional("layer_pattern").text_or("");
  if (const auto part = node.optional("experts")) model.experts = read_experts(part, model);
  if (const auto part = node.optional("latent_attention")) model.latent_attention = read_latent_attention(part);
  if (const auto part = node.optional("sparse_attention")) model.sparse_attention = read_sparse_attention(part);
  if (const auto part = node.optional("sliding_window")) model.sliding_window = read_sliding_window(part);
  if (const auto part = node.optional("mamba")) model.mamba = read_mamba(part);
  if (const auto part = node.optional("linear_attention")) model.linear_attention = read_linear_attention(part);
  if (const auto part = node.optional("vision")) model.vision = read_vision(part);
}

void check_pattern(const config::Node& node, ModelSpec& model) {
  const std::string& pattern = model.layer_pattern;
  if (pattern.empty()) return;
  const config::Node key = node.required("layer_pattern");
  const auto has = [&](char letter) { return pattern.find(letter) != std::string::npos; };
  const std::size_t stranger = pattern.find_first_not_of("ME*-");
  if (stranger != std::string::npos) {
    key.problem("letters M (Mamba-2), E (experts), * (attention), - (dense FFN)", pattern.substr(stranger, 1));
  } else if (pattern.size() != static_cast<std::size_t>(model.layers)) {
    key.problem("one letter for each of the " + std::to_string(model.layers) + " layers",
                std::to_string(pattern.size()) + " letters");
  } else if (has('M') && !model.mamba) {
    key.problem("no M without a mamba map", pattern);
  } else if (has('E') && !model.experts) {
    key.problem("no E without an experts map", pattern);
  } else {
    return;
  }
  model.layer_pattern.clear();  // nobody walks a pattern that does not fit
}

// Maps that need or exclude each other.
void check_parts(const config::Node& node, const ModelSpec& model) {
  const auto refuse = [&](const char* key, const char* expected) { node.required(key).problem(expected, key); };
  if (model.mamba && model.layer_pattern.empty() && !node.has("layer_pattern")) {
    refuse("mamba", "a layer_pattern that says which layers are Mamba-2");
  }
  if (model.sparse_attention && !model.latent_attention) {
    refuse("sparse_attention", "latent_attention beside it");
  }
  if (model.linear_attention && (model.sliding_window || node.has("layer_pattern"))) {
    refuse("linear_attention", "neither sliding_window nor layer_pattern beside it");
  }
  if (model.sliding_window && (model.latent_attention || node.has("layer_pattern"))) {
    refuse("sliding_window", "neither latent_attention nor layer_pattern beside it");
  }
}

void check_heads(const config::Node& node, const ModelSpec& model) {
  if (model.latent_attention) return;
  if (!node.has("head_dim") && model.heads > 0 && model.hidden % model.heads != 0) {
    node.problem("head_dim, since heads (" + std::to_string(model.heads) + ") do not divide hidden (" +
                     std::to_string(model.hidden) + ")",
                 "nothing");
  }
  if (model.kv_heads > 0 && model.heads % model.kv_heads != 0) {
    node.required("kv_heads")
        .problem("a divisor of heads (" + std::to_string(model.heads) + ")", std::to_string(model.kv_heads));
  }
}

}  // namespace

ModelSpec read_model_map(const config::Node& node, std::string name) {
  ModelSpec model;
  model.name = node.optional("name").text_or(name);
  model.source = node.optional("source").text_or("the user's file");
  model.layers = static_cast<int>(node.required("layers").integer({.min = 1, .max = 1e7}));
  model.hidden = count(node.required("hidden"));
  const config::Node ffn = node.optional("ffn_hidden");
  model.ffn_hidden = count_or(ffn, 0);
  model.heads = count(node.required("heads"));
  model.kv_heads = count_or(node.optional("kv_heads"), model.heads);
  const int equal_share = model.heads > 0 ? model.hidden / model.heads : 0;
  model.head_dim = count_or(node.optional("head_dim"), equal_share);
  model.vocab = count(node.required("vocab"));
  model.norm = static_cast<Norm>(node.optional("norm").choice_or(0, norm_names));
  model.activation = static_cast<Activation>(node.optional("activation").choice_or(0, activation_names));
  model.position = static_cast<Position>(node.optional("position").choice_or(0, position_names));
  model.tied_embeddings = node.optional("tied_embeddings").boolean_or(false);
  model.max_context = count_or(node.optional("max_context"), 0, {.min = 1, .max = 1e9});
  read_beyond_dense(node, model);
  (void)node.optional("confidence").text_or("");
  (void)node.optional("notes").text_or("");
  check_pattern(node, model);
  check_parts(node, model);
  check_heads(node, model);
  if (!ffn && (layers_with(model, Ffn::dense) > 0 || (model.layers == 0 && !model.experts)))
    (void)node.required("ffn_hidden");
  node.finish();
  return model;
}

void require_dense(const config::Node& node, const ModelSpec& model) {
  const char* more = model.experts            ? "experts"
                     : model.latent_attention ? "latent attention"
                     : model.mamba            ? "Mamba-2 layers"
                     : model.linear_attention ? "linear attention"
                     : model.sliding_window   ? "sliding windows"
                     : model.gated_attention  ? "gated attention"
                                              : nullptr;
  if (more != nullptr) {
    node.problem("a dense transformer (nothing else is supported for training yet)",
                 "a model with " + std::string(more));
  }
}

}  // namespace aifsim::model
