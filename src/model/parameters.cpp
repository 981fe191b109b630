// Parameter counts and the FLOPs that follow from them.
#include <algorithm>
#include <array>

#include "model/inference.hpp"
#include "model/layers.hpp"

namespace aifsim::model {
namespace {

constexpr std::array mixers{Mixer::none, Mixer::attention, Mixer::window_attention, Mixer::mamba,
                            Mixer::linear_attention};
constexpr std::array ffns{Ffn::none, Ffn::dense, Ffn::experts};

double chosen_share(const ModelSpec& model) {
  return model.experts ? double{1} * model.experts->top_k / model.experts->count : 0;
}

// Matrices of all layers, of the routed experts the share `routed`.
double matrices(const ModelSpec& model, double routed) {
  double sum = 0;
  for (const Mixer mixer : mixers) sum += layers_with(model, mixer) * mixer_weights(model, mixer).matrices();
  for (const Ffn ffn : ffns) sum += layers_with(model, ffn) * ffn_weights(model, ffn).matrices(routed);
  if (model.draft) sum += 2.0 * model.hidden * model.hidden;
  return sum;
}

double vectors(const ModelSpec& model) {
  double sum = 0;
  for (const Mixer mixer : mixers) sum += layers_with(model, mixer) * mixer_weights(model, mixer).other;
  for (const Ffn ffn : ffns) sum += layers_with(model, ffn) * ffn_weights(model, ffn).norm;
  return sum;
}

// FLOPs of one query with one key, over all heads, forward.
double pair_flops(const ModelSpec& model) {
  if (!model.latent_attention) return 4 * model.query_width();
  return 2.0 * model.heads * (model.latent_attention->query_key_dim() + model.latent_attention->v_head_dim);
}

// Keys a query of a windowed layer meets, over those it would meet without the window; whole sequence.
double window_share(const ModelSpec& model, double sequence) {
  if (!model.sliding_window || model.sliding_window->tokens >= sequence) return 1;
  const double window = model.sliding_window->tokens / sequence;
  return model.sliding_window->chunked ? window : window * (2 - window);
}

}  // namespace

double layer_parameters(const ModelSpec& model) { return (matrices(model, 1) + vectors(model)) / model.layers; }

double embedding_parameters(const ModelSpec& model) { return double{1} * model.vocab * model.hidden; }

double total_parameters(const ModelSpec& model) {
  const double tables = embedding_parameters(model) * (model.tied_embeddings ? 1 : 2);
  return tables + matrices(model, 1) + vectors(model) + norm_parameters(model);
}

double active_matrix_parameters(const ModelSpec& model) {
  return matrices(model, chosen_share(model)) + embedding_parameters(model);
}

double active_parameters(const ModelSpec& model) {
  return active_matrix_parameters(model) + vectors(model) + norm_parameters(model);
}

double mtp_parameters(const ModelSpec& model) {
  if (model.mtp_layers == 0) return 0;
  const ModelSpec draft = draft_model(model);
  return model.mtp_layers * (matrices(draft, 1) + vectors(draft) + 3 * norm_parameters(draft));
}

Flops model_flops_per_token(const ModelSpec& model, double sequence, double attention_share) {
  const double attention_layers = layers_with(model, Mixer::attention) +
                                  layers_with(model, Mixer::window_attention) * window_share(model, sequence);
  const double attention = attention_layers * pair_flops(model) * sequence * attention_share;  // forward
  return units::flop * (6 * active_matrix_parameters(model) + 3 * attention);
}

}  // namespace aifsim::model
