// What a GPU of an inference engine holds: weights, cache, transient tensors.
#include <algorithm>

#include "model/expert_load.hpp"
#include "model/inference_operators.hpp"
#include "model/layers.hpp"
#include "model/vision.hpp"

namespace aifsim::model {
namespace {

double mixer_bytes(const ModelSpec& model, const InferencePlan& plan, Mixer mixer) {
  const MixerWeights weights = mixer_weights(model, mixer);
  const double kv_share = model.kv_heads > 0 ? local_kv_heads(model, plan) / model.kv_heads : 0;
  const double matrices = weights.split / plan.tp + weights.kv * kv_share + weights.replicated;
  // MLA engines keep the absorbed copies in BF16.
  return matrices * stored_bytes(plan.attention_weights, plan.activations) +
         (weights.absorbed / plan.tp + weights.other) * bf16_bytes;
}

double ffn_bytes(const ModelSpec& model, const InferencePlan& plan, Ffn ffn) {
  const FfnWeights weights = ffn_weights(model, ffn);
  double bytes = (weights.split / plan.tp + weights.latent) * stored_bytes(plan.ffn_weights, plan.activations) +
                 (weights.router + weights.norm) * bf16_bytes;
  if (ffn == Ffn::experts) {
    const double copies = 1 + double{1} * plan.redundant_experts / model.experts->count;
    bytes += weights.routed * copies / (double{1} * plan.ep * plan.moe_tp) *
             stored_bytes(plan.expert_weights, plan.activations);
  }
  return bytes;
}

double mtp_bytes(const ModelSpec& model, const InferencePlan& plan) {
  if (!plan.speculative || model.mtp_layers == 0) return 0;
  const ModelSpec draft = draft_model(model);
  const double projection = 2.0 * model.hidden * model.hidden * stored_bytes(plan.attention_weights, plan.activations);
  return model.mtp_layers * (mixer_bytes(draft, plan, Mixer::attention) + ffn_bytes(draft, plan, ffn_of(draft, 0)) +
                             projection + 3 * norm_parameters(draft) * bf16_bytes);
}

// Bytes of one cached token in one attention layer of one rank.
double layer_cache(const ModelSpec& model, const InferencePlan& plan) {
  const double element = element_bytes(plan.kv_cache);
  if (!model.latent_attention) return 2 * local_kv_heads(model, plan) * model.head_dim * element;
  // The latent vector belongs to all heads: every tensor rank keeps it whole.
  const double index = model.sparse_attention ? model.sparse_attention->index_head_dim + fp32_bytes : 0;
  return model.latent_attention->cache_width() * element + index;
}

// Recurrent states are kept in FP32, inputs of the short convolution in BF16.
double state_bytes(const ModelSpec& model, const InferencePlan& plan) {
  double bytes = 0;
  if (const auto& mamba = model.mamba) {
    bytes += layers_with(model, Mixer::mamba) *
             (mamba->inner() * mamba->state * fp32_bytes + mamba->conv_channels() * (mamba->conv - 1) * bf16_bytes);
  }
  if (const auto& linear = model.linear_attention) {
    bytes += layers_with(model, Mixer::linear_attention) * (linear->value_width() * linear->key_head_dim * fp32_bytes +
                                                            linear->conv_channels() * (linear->conv - 1) * bf16_bytes);
  }
  return bytes / plan.tp;
}

}  // namespace

Bytes weight_bytes(const ModelSpec& model, const InferencePlan& plan) {
  double layers = 0;
  for (const Mixer mixer : {Mixer::attention, Mixer::window_attention, Mixer::mamba, Mixer::linear_attention}) {
    const int count = layers_with(model, mixer);
    if (count > 0) layers += count * mixer_bytes(model, plan, mixer);
  }
  for (const Ffn ffn : {Ffn::dense, Ffn::experts}) {
    const int count = layers_with(model, ffn);
    if (count > 0) layers += count * ffn_bytes(model, plan, ffn);
  }
  // With stages, the first has the embedding and the last the head.
  const double tables = model.tied_embeddings || plan.pp > 1 ? 1 : 2;
  const double table = embedding_parameters(model) / plan.tp * bf16_bytes;
  return units::B * (layers * stage_share(model, plan) + mtp_bytes(model, plan) + tables * table +
                     norm_parameters(model) * bf16_bytes) +
         vision_weight_bytes(model, plan);
}

std::vector<CacheGroup> cache_groups(const ModelSpec& model, const InferencePlan& plan) {
  const double share = stage_share(model, plan);
  const double per_layer = layer_cache(model, plan);
  const double full_layers = layers_with(model, Mixer::attention) * share + (plan.speculative ? model.mtp_layers : 0);
  std::vector<CacheGroup> groups;
  if (full_layers > 0) groups.push_back({.per_token = units::B * (full_layers * per_layer)});
  if (model.sliding_window) {
    const double layers = layers_with(model, Mixer::window_attention) * share;
    groups.push_back(
        {.per_token = units::B * (layers * per_layer), .window = double{1} * model.sliding_window->tokens});
  }
  const double states = state_bytes(model, plan) * share;
  if (states > 0) groups.push_back({.per_sequence = units::B * states});
  return groups;
}

Bytes cache_bytes(const std::vector<CacheGroup>& groups, double tokens) {
  Bytes bytes;
  for (const CacheGroup& group : groups) {
    const double kept = group.window > 0 ? std::min(tokens, group.window) : tokens;
    bytes += group.per_token * kept + group.per_sequence;
  }
  return bytes;
}

// The widest moment of a layer, beside hidden state and residual; then the logits, which are alone.
Bytes activation_bytes(const ModelSpec& model, const InferencePlan& plan, double tokens, double sampled) {
  const double attention = (2 * model.query_width() + 2 * model.kv_width()) / plan.tp;
  const double ffn = layers_with(model, Ffn::dense) > 0 ? double{1} * model.ffn_hidden / plan.tp : 0;
  const double dense = tokens * std::max(attention, ffn * model.ffn_matrices()) * bf16_bytes;
  double experts = 0;
  if (model.experts) {
    // Permuted inputs, both GEMMs' outputs and the activation between them.
    const ExpertLoad load = expert_load(*model.experts, plan, tokens * plan.dp);
    const double width = model.experts->latent > 0 ? model.experts->latent : model.hidden;
    const double inner = double{1} * model.experts->ffn_hidden / plan.moe_tp;
    const double format = element_bytes(arithmetic(plan.expert_weights, plan.activations));
    experts = load.pairs * (width * (format + bf16_bytes) + inner * ((model.ffn_matrices() - 1) * bf16_bytes + format));
  }
  const double stream = 2 * tokens * model.hidden * bf16_bytes;
  const double logits = sampled * model.vocab * (bf16_bytes + fp32_bytes);
  return units::B * (stream + std::max({dense, experts, logits}));
}

}  // namespace aifsim::model
