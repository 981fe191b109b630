// One forward pass of an inference engine's iteration on one GPU: its operators, and what it exchanges with the others.
//
// Operators that depend on the number of tokens alone (projections, FFN, norms, head) are apart from attention, which
// depends on every sequence's length: an engine prices the first once per token count.
#pragma once

#include <cstddef>
#include <vector>

#include "base/operator.hpp"
#include "model/model_spec.hpp"

namespace aifsim::model {

// LoRA adapters (arXiv 2106.09685) beside the weights: each linear layer that has them gets two thin factors of `rank`.
struct AdapterPlan {
  int rank = 0;           // that the engine sets room aside for; 0 = none
  bool attention = true;  // which linear layers: QKV and output projections,
  bool ffn = true;        // dense FFNs and shared experts (routed experts have none); with both, those of recurrent
                          // layers, too
};

// How the GPUs of one engine share a model. A pipeline stage has tp x dp = ep x moe_tp GPUs.
struct InferencePlan {
  int tp = 1;                 // attention's heads and dense FFNs are split among these
  int dp = 1;                 // attention data parallelism: each attention group has sequences and KV cache of its own
  int pp = 1;                 // stages
  int ep = 1;                 // whole experts are spread over these
  int moe_tp = 1;             // each expert's FFN is split among these
  int redundant_experts = 0;  // copies that the engine's load balancer places, in one layer
  double expert_imbalance = 1.0;                  // rows of the busiest rank / mean rows
  Precision attention_weights = Precision::bf16;  // QKV, output and latent projections
  Precision ffn_weights = Precision::bf16;        // dense FFNs and shared experts
  Precision expert_weights = Precision::bf16;
  Precision kv_cache = Precision::bf16;
  Precision activations = Precision::bf16;  // arithmetic of the GEMMs; wider than the weights: weight-only quantisation
  // Tokens travel to their experts' GPUs. If not, every GPU gets all tokens: an all-gather and a reduce-scatter with
  // attention data parallelism, else the all-reduce alone.
  bool all_to_all = false;
  Precision dispatch = Precision::bf16;  // of tokens on their way to the experts; they come back in BF16
  bool fused_quantise = false;           // norms and activations write the GEMMs' narrow format themselves
  bool speculative = false;              // multi-token prediction layers are loaded
  AdapterPlan adapter;
  bool whole_vision = false;  // each tensor rank has the whole vision encoder and takes some of the images
  [[nodiscard]] int stage_gpus() const { return tp * dp; }
  [[nodiscard]] int gpus() const { return stage_gpus() * pp; }
};

// Images that an iteration encodes. Sums over them.
struct ImageWork {
  double images = 0;
  double patches = 0;
  double pairs = 0;  // of patches of one image: its patches squared
};

// What the arithmetic of a GEMM is in: the wider of weights and activations. MXFP8 weights under FP8 activations are
// FP8 in blocks, as DeepSeek-V3's: FP8 products, with scales multiplied in between (arXiv 2412.19437 section 3.3.2).
[[nodiscard]] Precision arithmetic(Precision weights, Precision activations);
[[nodiscard]] bool scaled_in_blocks(Precision weights, Precision activations);

// What one attention group works on in one iteration. Sums over its sequences.
struct Batch {
  double decode_sequences = 0;
  double decode_tokens = 0;   // query tokens of them all: sequences x (1 + drafted tokens that are verified)
  double decode_context = 0;  // cached tokens they attend to
  double prefill_sequences = 0;
  double prefill_tokens = 0;   // of this iteration's chunks
  double prefill_context = 0;  // cached tokens before the chunks
  double prefill_pairs = 0;    // (query, key) pairs that causal attention scores in the chunks, earlier keys included
  double sampled = 0;          // rows that go through the output head
  double engine_tokens = 0;    // of all attention groups together; 0: each group has as many as this one
  double adapter_tokens = 0;   // of tokens(), those of sequences with a LoRA adapter
  double adapters = 0;         // different ones among them
  ImageWork images;            // encoded before the prompts' chunks that hold them
  [[nodiscard]] double tokens() const { return decode_tokens + prefill_tokens; }
};

// `times` runs of one operator, one for each layer that has it.
struct RepeatedOperator {
  Operator op;
  double times = 1;
};

enum class Exchange {
  tensor_all_reduce,  // among `tp` GPUs after attention and dense FFN; `bytes` of one rank's tensor
  expert_all_reduce,  // among ep x moe_tp GPUs when attention is not data-parallel
  expert_dispatch,    // all-to-all of tokens to their experts' GPUs; `bytes` that one rank sends in all
  expert_combine,     // and back
  tokens_all_gather,  // attention data parallelism without all-to-all: every rank gets all tokens; `bytes` of the
                      // output
  tokens_reduce_scatter,
  logits_all_gather,        // vocabulary-parallel head; `bytes` of the output
  stage_send,               // to the next pipeline stage
  image_tokens_all_gather,  // tensor ranks that encoded images of their own; `bytes` of the output
};
inline constexpr std::size_t exchange_count = 9;
struct RepeatedExchange {
  Exchange exchange{};
  OperatorName name;
  Bytes bytes;
  double times = 1;
};

struct Pass {
  std::vector<RepeatedOperator> operators;
  std::vector<RepeatedExchange> exchanges;
};

// Of one GPU of the fullest stage: everything but attention over keys and values. `tokens` of one attention group;
// `group_tokens` of all attention groups together (what the experts see).
[[nodiscard]] Pass token_pass(const ModelSpec& model, const InferencePlan& plan, double tokens, double group_tokens,
                              double sampled);
// Attention over keys and values, recurrent state updates, cache writes.
[[nodiscard]] Pass context_pass(const ModelSpec& model, const InferencePlan& plan, const Batch& batch);
// Encoding images, on one GPU of the first stage, in BF16: patches to tokens, and these to their places among the
// prompts'. Nothing for a model without an encoder.
[[nodiscard]] Pass image_pass(const ModelSpec& model, const InferencePlan& plan, const ImageWork& images);

// What adapters add to both, of one GPU of the fullest stage: `tokens` of one attention group have them, `adapters`
// different ones. Engines draft without adapters.
[[nodiscard]] Pass adapter_pass(const ModelSpec& model, const InferencePlan& plan, double tokens, double adapters);
// One adapter's share on one GPU of the fullest stage; the whole adapter where the plan has one GPU.
[[nodiscard]] Bytes adapter_bytes(const ModelSpec& model, const InferencePlan& plan);

// The multi-token prediction layer as a model of its own: what drafts one token of each sequence after a pass, with the
// model's embedding and head. Its passes are priced like any model's; a model without such layers gives one of 0
// layers.
[[nodiscard]] ModelSpec draft_model(const ModelSpec& model);

// What one GPU of the fullest stage holds; a vision encoder is on the first, whichever else is the fullest.
[[nodiscard]] Bytes weight_bytes(const ModelSpec& model, const InferencePlan& plan);
// The cache of one sequence of `tokens` tokens on one GPU of the fullest stage: growing keys and values, windows that
// stop growing, recurrent state.
struct CacheGroup {
  Bytes per_token;     // of each cached token
  double window = 0;   // tokens kept at most; 0 = all
  Bytes per_sequence;  // whatever the length: recurrent and convolution state
};
[[nodiscard]] std::vector<CacheGroup> cache_groups(const ModelSpec& model, const InferencePlan& plan);
[[nodiscard]] Bytes cache_bytes(const std::vector<CacheGroup>& groups, double tokens);
// The largest transient tensors of a pass of `tokens` tokens on one GPU (engines profile it before they size the
// cache).
[[nodiscard]] Bytes activation_bytes(const ModelSpec& model, const InferencePlan& plan, double tokens, double sampled);
// The same of encoding images of `tokens` tokens, and what their tokens take until the language model has seen them.
[[nodiscard]] Bytes image_activation_bytes(const ModelSpec& model, const InferencePlan& plan, double tokens);
[[nodiscard]] Bytes encoder_cache_bytes(const ModelSpec& model, double tokens);

}  // namespace aifsim::model
