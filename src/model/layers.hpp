// Which kind each layer of a model is, and the weights of each kind.
#pragma once

#include "model/model_spec.hpp"

namespace aifsim::model {

// What mixes tokens in a layer, and what works on each token alone. A layer of a hybrid model has only one of them.
enum class Mixer { none, attention, window_attention, mamba, linear_attention };
enum class Ffn { none, dense, experts };

[[nodiscard]] Mixer mixer_of(const ModelSpec& model, int layer);
[[nodiscard]] Ffn ffn_of(const ModelSpec& model, int layer);
[[nodiscard]] int layers_with(const ModelSpec& model, Mixer mixer);
[[nodiscard]] int layers_with(const ModelSpec& model, Ffn ffn);

// Weights of one layer's mixer, by how tensor parallelism places them.
struct MixerWeights {
  double split = 0;       // GEMM weights spread over tensor ranks
  double kv = 0;          // K and V projections: spread, but a rank holds at least one head
  double replicated = 0;  // GEMM weights that every tensor rank holds
  double absorbed = 0;    // of `split`: kept a second time by engines, transposed for decoding (MLA)
  double other = 0;       // norms, convolutions, recurrence parameters
  [[nodiscard]] double matrices() const { return split + kv + replicated; }
};
[[nodiscard]] MixerWeights mixer_weights(const ModelSpec& model, Mixer mixer);

struct FfnWeights {
  double split = 0;   // dense FFN or shared experts
  double routed = 0;  // all routed experts
  double latent = 0;  // projections to and from the experts' latent space
  double router = 0;
  double norm = 0;
  [[nodiscard]] double matrices(double routed_share) const { return split + routed * routed_share + latent + router; }
};
[[nodiscard]] FfnWeights ffn_weights(const ModelSpec& model, Ffn ffn);

[[nodiscard]] double norm_parameters(const ModelSpec& model);

}  // namespace aifsim::model
