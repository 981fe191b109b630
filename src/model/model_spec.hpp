// What a language model is made of: layer shapes, and what follows from them alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "config/node.hpp"

namespace aifsim::model {

enum class Norm { rmsnorm, layernorm };
enum class Activation { swiglu, gelu, relu2 };
enum class Position { rope, learned, alibi, none };
// Queries and keys are normed head by head, or all heads together: then tensor ranks sum squares over all of them.
enum class QueryKeyNorm { none, heads, width };

// Routed experts in place of some layers' FFN.
struct Experts {
  int count = 0;
  int top_k = 0;
  int ffn_hidden = 0;          // of one expert
  int shared_ffn = 0;          // of all shared experts together; every token passes them
  int latent = 0;              // width the routed experts work in, between a down and an up projection; 0 = hidden
  int first_dense_layers = 0;  // the layers before the first with experts
  int every = 1;               // after those, every n-th layer has experts
};

// DeepSeek's latent attention (MLA): keys and values are kept as one vector of kv_lora_rank + qk_rope_head_dim.
struct LatentAttention {
  int q_lora_rank = 0;  // 0: the query is projected in one step
  int kv_lora_rank = 0;
  int qk_nope_head_dim = 0;
  int qk_rope_head_dim = 0;
  int v_head_dim = 0;
  [[nodiscard]] int query_key_dim() const { return qk_nope_head_dim + qk_rope_head_dim; }
  [[nodiscard]] int cache_width() const { return kv_lora_rank + qk_rope_head_dim; }
};

// DeepSeek's sparse attention: a small indexer scores all keys, attention reads the best `index_topk`.
struct SparseAttention {
  int index_heads = 0;
  int index_head_dim = 0;
  int index_topk = 0;
};

// Layers that attend to the last `tokens` only, or to their own chunk of `tokens` (Llama 4); one in `full_every`
// attends to all (0 = none does).
struct SlidingWindow {
  int tokens = 0;
  int full_every = 0;
  bool chunked = false;
};

// Mamba-2 (arXiv 2405.21060).
struct Mamba {
  int heads = 0;
  int head_dim = 0;
  int state = 0;
  int groups = 1;
  int conv = 4;
  int chunk = 256;
  [[nodiscard]] double inner() const { return double{1} * heads * head_dim; }
  [[nodiscard]] double conv_channels() const { return inner() + 2.0 * groups * state; }
};

// Gated delta rule (arXiv 2412.06464), as in Qwen3-Next and Qwen3.5; one layer in `full_every` has full attention.
struct LinearAttention {
  int key_heads = 0;
  int value_heads = 0;
  int key_head_dim = 0;
  int value_head_dim = 0;
  int conv = 4;
  int chunk = 64;
  int full_every = 0;
  [[nodiscard]] double key_width() const { return double{1} * key_heads * key_head_dim; }
  [[nodiscard]] double value_width() const { return double{1} * value_heads * value_head_dim; }
  [[nodiscard]] double conv_channels() const { return 2 * key_width() + value_width(); }
};

// A vision encoder (ViT) before the language model: an image's patches pass its layers, then a projector makes one
// token of every merge x merge of them.
struct Vision {
  int layers = 0;
  int hidden = 0;
  int ffn_hidden = 0;
  int heads = 0;
  int head_dim = 0;
  Activation activation = Activation::gelu;
  int patch = 14;            // pixels, of a side
  int frames = 1;            // that a patch spans: encoders made for videos too see a still image that often
  int merge = 2;             // patches, of a side, that become one token
  int window = 0;            // patches that attend to one another in windowed layers (or in a tile of a model that cuts
                             // images up); 0 = every layer sees whole images
  int full_layers = 0;       // of `layers`, those that see whole images where there are windows
  int projector_hidden = 0;  // width between the projector's linear layers; 0 = merged width
  int projector_layers = 2;  // linear ones
  int projectors = 1;        // more where inner layers are projected too (DeepStack)
  [[nodiscard]] int patches_per_token() const { return merge * merge; }
  [[nodiscard]] double width() const { return double{1} * heads * head_dim; }
  [[nodiscard]] double merged() const { return double{1} * hidden * patches_per_token(); }
  [[nodiscard]] double projector_width() const { return projector_hidden > 0 ? projector_hidden : merged(); }
  [[nodiscard]] int ffn_matrices() const { return activation == Activation::swiglu ? 3 : 2; }
};

// A decoder-only language model: a dense transformer, and what a file adds to it.
struct ModelSpec {
  std::string name;
  std::string source;
  int layers = 0;
  int hidden = 0;
  int ffn_hidden = 0;
  int heads = 0;
  int kv_heads = 0;
  int head_dim = 0;
  int vocab = 0;
  Norm norm = Norm::rmsnorm;
  Activation activation = Activation::swiglu;
  Position position = Position::rope;
  bool tied_embeddings = false;
  int max_context = 0;           // tokens the model was made for; 0 = not stated
  bool gated_attention = false;  // the query projection yields a gate of the same width
  QueryKeyNorm query_key_norm = QueryKeyNorm::none;
  std::optional<Experts> experts;
  std::optional<LatentAttention> latent_attention;
  std::optional<SparseAttention> sparse_attention;
  std::optional<SlidingWindow> sliding_window;
  std::optional<Mamba> mamba;
  std::optional<LinearAttention> linear_attention;
  bool fp8_in_blocks = false;    // its FP8 checkpoints have a scale for each 128 x 128 weights
  std::optional<Vision> vision;  // not in the parameter counts
  std::string layer_pattern;  // one letter a layer: M Mamba-2, E experts, * attention, - dense FFN; empty = transformer
  int mtp_layers = 0;         // multi-token prediction, for speculative decoding; not in the parameter counts
  bool draft = false;         // made by draft_model(): projects hidden state and embedding together to its input

  [[nodiscard]] int ffn_matrices() const { return activation == Activation::swiglu ? 3 : 2; }
  [[nodiscard]] double query_width() const { return double{1} * heads * head_dim; }
  [[nodiscard]] double kv_width() const { return double{1} * kv_heads * head_dim; }  // of K alone
};

// Parameter counts. Norms count; biases of GEMMs do not.
[[nodiscard]] double layer_parameters(const ModelSpec& model);      // the mean where layers differ
[[nodiscard]] double embedding_parameters(const ModelSpec& model);  // input embedding alone
[[nodiscard]] double total_parameters(const ModelSpec& model);      // embedding, layers, final norm, output head
// What one token passes: the chosen experts alone, and the output head, but not the input embedding (a row is read).
[[nodiscard]] double active_parameters(const ModelSpec& model);
// Of those, the weights that every token is multiplied with: 2 FLOPs each.
[[nodiscard]] double active_matrix_parameters(const ModelSpec& model);
[[nodiscard]] double mtp_parameters(const ModelSpec& model);     // of all multi-token prediction layers
[[nodiscard]] double vision_parameters(const ModelSpec& model);  // of the encoder and its projectors

// FLOPs that the model needs for one token of a sequence of `sequence` tokens, forward and backward: 6 per GEMM
// parameter (output head included, embedding not) plus causal attention, 6 x layers x query_width x sequence (half of
// the square). The MFU numerator; recomputation is not in it. `attention_share` is 0.5 for what a causal model needs; 1
// counts the whole square, as some frameworks do. Recurrent layers count their projections alone.
[[nodiscard]] Flops model_flops_per_token(const ModelSpec& model, double sequence, double attention_share = 0.5);

// Reads the keys of a model from a map; problems go to its document. The node may also be a name, looked up in
// workloads/models/.
[[nodiscard]] ModelSpec read_model(const config::Node& node);
[[nodiscard]] ModelSpec read_model_map(const config::Node& node, std::string name);
// Records a problem at `node` if the model is more than a dense transformer, which training does not simulate yet.
void require_dense(const config::Node& node, const ModelSpec& model);

struct ModelEntry {
  std::string name;
  std::string summary;
};
[[nodiscard]] std::vector<ModelEntry> list_models();
[[nodiscard]] std::vector<std::string> models_with_vision();
}  // namespace aifsim::model
