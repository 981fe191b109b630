#include "model/layers.hpp"

#include "base/error.hpp"

namespace aifsim::model {
namespace {

template <class Predicate>
int count_layers(const ModelSpec& model, Predicate holds) {
  int count = 0;
  for (int layer = 0; layer < model.layers; ++layer) count += holds(layer) ? 1 : 0;
  return count;
}

// One layer in `every` is full: the last of each such group, as in Llama 4, gpt-oss and Qwen3-Next.
bool full_layer(int layer, int every) { return every > 0 && (layer + 1) % every == 0; }

MixerWeights attention_weights(const ModelSpec& model) {
  MixerWeights weights;
  const double query = model.query_width() * (model.gated_attention ? 2 : 1);
  weights.split = model.hidden * (query + model.query_width());
  weights.kv = model.hidden * 2 * model.kv_width();
  return weights;
}

MixerWeights latent_weights(const ModelSpec& model) {
  const LatentAttention& mla = *model.latent_attention;
  MixerWeights weights;
  const double query = double{1} * model.heads * mla.query_key_dim();
  weights.absorbed = double{1} * mla.kv_lora_rank * model.heads * (mla.qk_nope_head_dim + mla.v_head_dim);
  weights.split = query * (mla.q_lora_rank > 0 ? mla.q_lora_rank : model.hidden) + weights.absorbed +
                  double{1} * model.heads * mla.v_head_dim * model.hidden;
  weights.replicated = double{1} * model.hidden * (mla.q_lora_rank + mla.cache_width());
  weights.other = mla.q_lora_rank + mla.kv_lora_rank;
  if (model.sparse_attention) {
    const SparseAttention& index = *model.sparse_attention;
    const double query_source = mla.q_lora_rank > 0 ? mla.q_lora_rank : model.hidden;
    weights.replicated += query_source * index.index_heads * index.index_head_dim +
                          double{1} * model.hidden * (index.index_head_dim + index.index_heads);
    weights.other += 2.0 * index.index_head_dim;
  }
  return weights;
}

MixerWeights mamba_weights(const ModelSpec& model) {
  const Mamba& mamba = *model.mamba;
  MixerWeights weights;
  // In: gate, x, B, C and one step size a head. Out: back to hidden.
  weights.split = model.hidden * (mamba.inner() + mamba.conv_channels() + mamba.heads) + mamba.inner() * model.hidden;
  weights.other = mamba.conv_channels() * (mamba.conv + 1) + 3.0 * mamba.heads + mamba.inner();
  return weights;
}

MixerWeights linear_weights(const ModelSpec& model) {
  const LinearAttention& linear = *model.linear_attention;
  MixerWeights weights;
  // In: Q, K, V, output gate, and two gates a value head. Out: back to hidden.
  weights.split = model.hidden * (linear.conv_channels() + linear.value_width() + 2.0 * linear.value_heads) +
                  linear.value_width() * model.hidden;
  weights.other = linear.conv_channels() * linear.conv + 2.0 * linear.value_heads + linear.value_head_dim;
  return weights;
}

MixerWeights bare_mixer_weights(const ModelSpec& model, Mixer mixer) {
  switch (mixer) {
    case Mixer::none: return {};
    case Mixer::attention:
    case Mixer::window_attention: return model.latent_attention ? latent_weights(model) : attention_weights(model);
    case Mixer::mamba: return mamba_weights(model);
    case Mixer::linear_attention: return linear_weights(model);
  }
  throw InternalError("unknown mixer");
}

}  // namespace

Mixer mixer_of(const ModelSpec& model, int layer) {
  if (!model.layer_pattern.empty()) {
    const char letter = model.layer_pattern.at(static_cast<std::size_t>(layer));
    return letter == 'M' ? Mixer::mamba : letter == '*' ? Mixer::attention : Mixer::none;
  }
  if (model.linear_attention) {
    return full_layer(layer, model.linear_attention->full_every) ? Mixer::attention : Mixer::linear_attention;
  }
  if (model.sliding_window) {
    return full_layer(layer, model.sliding_window->full_every) ? Mixer::attention : Mixer::window_attention;
  }
  return Mixer::attention;
}

Ffn ffn_of(const ModelSpec& model, int layer) {
  if (!model.layer_pattern.empty()) {
    const char letter = model.layer_pattern.at(static_cast<std::size_t>(layer));
    return letter == 'E' ? Ffn::experts : letter == '-' ? Ffn::dense : Ffn::none;
  }
  if (!model.experts) return Ffn::dense;
  const int after = layer - model.experts->first_dense_layers;
  return after >= 0 && full_layer(after, model.experts->every) ? Ffn::experts : Ffn::dense;
}

int layers_with(const ModelSpec& model, Mixer mixer) {
  return count_layers(model, [&](int layer) { return mixer_of(model, layer) == mixer; });
}

int layers_with(const ModelSpec& model, Ffn ffn) {
  return count_layers(model, [&](int layer) { return ffn_of(model, layer) == ffn; });
}

double norm_parameters(const ModelSpec& model) {
  return double{1} * model.hidden * (model.norm == Norm::layernorm ? 2 : 1);
}

MixerWeights mixer_weights(const ModelSpec& model, Mixer mixer) {
  MixerWeights weights = bare_mixer_weights(model, mixer);
  if (mixer != Mixer::none) weights.other += norm_parameters(model);
  return weights;
}

FfnWeights ffn_weights(const ModelSpec& model, Ffn ffn) {
  FfnWeights weights;
  if (ffn == Ffn::none) return weights;
  weights.norm = norm_parameters(model);
  const double hidden = model.hidden;
  if (ffn == Ffn::dense) {
    weights.split = hidden * model.ffn_hidden * model.ffn_matrices();
    return weights;
  }
  const Experts& experts = *model.experts;
  const double width = experts.latent > 0 ? experts.latent : hidden;
  weights.split = hidden * experts.shared_ffn * model.ffn_matrices();
  weights.routed = width * experts.ffn_hidden * model.ffn_matrices() * experts.count;
  weights.latent = 2 * hidden * experts.latent;
  weights.router = hidden * experts.count;
  return weights;
}

}  // namespace aifsim::model
