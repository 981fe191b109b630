// What a language model is made of: layer shapes, and what follows from them alone.
#pragma once

#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "config/node.hpp"

namespace aifsim::model {

enum class Norm { rmsnorm, layernorm };
enum class Activation { swiglu, gelu, relu2 };
enum class Position { rope, learned, alibi, none };

// A dense decoder-only transformer.
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

  [[nodiscard]] int ffn_matrices() const { return activation == Activation::swiglu ? 3 : 2; }
  [[nodiscard]] double query_width() const { return double{1} * heads * head_dim; }
  [[nodiscard]] double kv_width() const { return double{1} * kv_heads * head_dim; }  // of K alone
};

// Parameter counts. Norms count; biases do not (none of the supported models has them in its GEMMs).
[[nodiscard]] double layer_parameters(const ModelSpec& model);
[[nodiscard]] double embedding_parameters(const ModelSpec& model);  // input embedding alone
[[nodiscard]] double total_parameters(const ModelSpec& model);      // embedding, layers, final norm, output head

// FLOPs that the model needs for one token of a sequence of `sequence` tokens, forward and backward: 6 per GEMM
// parameter (output head included, embedding not) plus causal attention, 6 x layers x query_width x sequence (half of
// the square). The MFU numerator; recomputation is not in it. `attention_share` is 0.5 for what a causal model needs; 1
// counts the whole square, as some frameworks do.
[[nodiscard]] Flops model_flops_per_token(const ModelSpec& model, double sequence, double attention_share = 0.5);

// Reads the keys of a model from a map; problems go to its document. The node may also be a name, looked up in
// workloads/models/.
[[nodiscard]] ModelSpec read_model(const config::Node& node);
[[nodiscard]] ModelSpec read_model_map(const config::Node& node, std::string name);

struct ModelEntry {
  std::string name;
  std::string summary;
};
[[nodiscard]] std::vector<ModelEntry> list_models();
}  // namespace aifsim::model
