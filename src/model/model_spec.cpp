#include "model/model_spec.hpp"

#include <array>

namespace aifsim::model {
namespace {

constexpr std::array<std::string_view, 2> norm_names{"rmsnorm", "layernorm"};
constexpr std::array<std::string_view, 3> activation_names{"swiglu", "gelu", "relu2"};
constexpr std::array<std::string_view, 4> position_names{"rope", "learned", "alibi", "none"};

// GEMM weights of one layer.
double gemm_parameters(const ModelSpec& model) {
  const double attention = model.hidden * (2 * model.query_width() + 2 * model.kv_width());
  return attention + double{1} * model.hidden * model.ffn_hidden * model.ffn_matrices();
}

double norm_parameters(const ModelSpec& model) {
  return double{1} * model.hidden * (model.norm == Norm::layernorm ? 2 : 1);
}

}  // namespace

double layer_parameters(const ModelSpec& model) { return gemm_parameters(model) + 2 * norm_parameters(model); }

double embedding_parameters(const ModelSpec& model) { return double{1} * model.vocab * model.hidden; }

double total_parameters(const ModelSpec& model) {
  const double tables = embedding_parameters(model) * (model.tied_embeddings ? 1 : 2);
  return tables + model.layers * layer_parameters(model) + norm_parameters(model);
}

Flops model_flops_per_token(const ModelSpec& model, double sequence, double attention_share) {
  const double gemms = model.layers * gemm_parameters(model) + embedding_parameters(model);
  const double attention = 4.0 * model.layers * model.query_width() * sequence * attention_share;  // forward
  return units::flop * (6 * gemms + 3 * attention);
}

ModelSpec read_model_map(const config::Node& node, std::string name) {
  ModelSpec model;
  model.name = node.optional("name").text_or(name);
  model.source = node.optional("source").text_or("the user's file");
  const config::Range positive{.min = 1, .max = 1e7};
  model.layers = static_cast<int>(node.required("layers").integer(positive));
  model.hidden = static_cast<int>(node.required("hidden").integer(positive));
  model.ffn_hidden = static_cast<int>(node.required("ffn_hidden").integer(positive));
  model.heads = static_cast<int>(node.required("heads").integer(positive));
  model.kv_heads = static_cast<int>(node.optional("kv_heads").integer_or(model.heads, positive));
  const int equal_share = model.heads > 0 ? model.hidden / model.heads : 0;
  model.head_dim = static_cast<int>(node.optional("head_dim").integer_or(equal_share, positive));
  model.vocab = static_cast<int>(node.required("vocab").integer(positive));
  model.norm = static_cast<Norm>(node.optional("norm").choice_or(0, norm_names));
  model.activation = static_cast<Activation>(node.optional("activation").choice_or(0, activation_names));
  model.position = static_cast<Position>(node.optional("position").choice_or(0, position_names));
  model.tied_embeddings = node.optional("tied_embeddings").boolean_or(false);
  (void)node.optional("max_context").integer_or(0, positive);  // stated for the reader; the workload sets the length
  (void)node.optional("confidence").text_or("");
  (void)node.optional("notes").text_or("");
  node.finish();
  if (!node.has("head_dim") && model.heads > 0 && model.hidden % model.heads != 0) {
    node.problem("head_dim, since heads (" + std::to_string(model.heads) + ") do not divide hidden (" +
                     std::to_string(model.hidden) + ")",
                 "nothing");
  }
  if (model.kv_heads > 0 && model.heads % model.kv_heads != 0) {
    node.required("kv_heads")
        .problem("a divisor of heads (" + std::to_string(model.heads) + ")", std::to_string(model.kv_heads));
  }
  return model;
}

}  // namespace aifsim::model
