// The part of an inference pass that depends on what sequences hold: attention over keys and values, recurrent states,
// cache writes.
#include <algorithm>

#include "model/attended.hpp"
#include "model/inference_operators.hpp"
#include "model/layers.hpp"

namespace aifsim::model {
namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

class ContextPass {
 public:
  ContextPass(const ModelSpec& model, const InferencePlan& plan, const Batch& batch)
      : model_(model), plan_(plan), batch_(batch), share_(stage_share(model, plan)) {
    queries_ = ratio(batch.decode_tokens, batch.decode_sequences);
    cached_ = ratio(batch.decode_context, batch.decode_sequences);
    chunk_ = ratio(batch.prefill_tokens, batch.prefill_sequences);
    before_ = ratio(batch.prefill_context, batch.prefill_sequences);
  }

  Pass build() {
    attention_layers(layers_with(model_, Mixer::attention), nullptr);
    if (model_.sliding_window) {
      attention_layers(layers_with(model_, Mixer::window_attention), &*model_.sliding_window);
    }
    mamba_layers(layers_with(model_, Mixer::mamba));
    linear_attention_layers(layers_with(model_, Mixer::linear_attention));
    return builder_.take();
  }

 private:
  [[nodiscard]] double cache_element() const { return element_bytes(plan_.kv_cache); }

  void attention_layers(int layers, const SlidingWindow* window) {
    if (layers == 0) return;
    builder_.layers(layers * share_);
    if (model_.latent_attention) {
      latent_attention(*model_.latent_attention);
      return;
    }
    const double kv_width = local_kv_heads(model_, plan_) * model_.head_dim;
    builder_.memory("cache_write", batch_.tokens() * 2 * kv_width * (bf16_bytes + cache_element()));
    if (batch_.decode_sequences > 0) decode(window, kv_width);
    if (batch_.prefill_sequences > 0) prefill(window, kv_width);
  }

  // One kernel reads each sequence's keys and values once for all its queries and heads.
  void decode(const SlidingWindow* window, double kv_width) {
    const double heads = local_heads(model_, plan_), kv_heads = local_kv_heads(model_, plan_);
    const double keys = window != nullptr ? attended(*window, cached_) : cached_;
    Operator op;
    op.kind = OperatorKind::attention_decode;
    op.name = "attention_decode";
    op.storage = plan_.kv_cache;
    op.m = queries_ * heads / kv_heads;
    op.n = keys;
    op.k = model_.head_dim;
    op.batch = batch_.decode_sequences * kv_heads;
    op.flops = units::flop * (4 * op.m * op.n * op.k * op.batch);
    const double queries_and_output = 2 * batch_.decode_tokens * heads * model_.head_dim * bf16_bytes;
    op.bytes = units::B * (batch_.decode_sequences * keys * 2 * kv_width * cache_element() + queries_and_output);
    builder_.add(op);
  }

  // Pairs of this iteration's chunks in a layer. The batch knows those without a window; a window leaves the same share
  // of them as it leaves of the mean sequence's.
  [[nodiscard]] double prefill_pairs(const SlidingWindow* window) const {
    if (window == nullptr) return batch_.prefill_pairs;
    return batch_.prefill_pairs * ratio(causal_pairs(*window, before_, chunk_), causal_pairs(before_, chunk_));
  }

  // The shape of a causal kernel over chunks of equal length: key length such that the pairs come out.
  void shape_prefill(Operator& op, double pairs, double heads) const {
    op.m = chunk_;
    op.n = pairs / batch_.prefill_tokens + chunk_ / 2;
    op.batch = batch_.prefill_sequences * heads;
  }

  void prefill(const SlidingWindow* window, double kv_width) {
    const double heads = local_heads(model_, plan_);
    const double pairs = prefill_pairs(window);
    const double before = window != nullptr ? std::min(before_, double{1} * window->tokens) : before_;
    Operator op;
    op.kind = OperatorKind::attention_forward;
    op.name = "attention";
    op.storage = plan_.kv_cache;
    op.k = model_.head_dim;
    shape_prefill(op, pairs, heads);
    op.flops = units::flop * (4 * pairs * heads * model_.head_dim);
    const double keys_and_values = (before * batch_.prefill_sequences + batch_.prefill_tokens) * 2 * kv_width;
    op.bytes = units::B *
               (keys_and_values * cache_element() + 2 * batch_.prefill_tokens * heads * model_.head_dim * bf16_bytes);
    builder_.add(op);
  }

  void latent_attention(const LatentAttention& mla) {
    builder_.memory("cache_write", batch_.tokens() * mla.cache_width() * (bf16_bytes + cache_element()));
    if (model_.sparse_attention) index(*model_.sparse_attention);
    if (batch_.decode_sequences > 0) {
      const double keys = model_.sparse_attention ? attended(selection(), cached_) : cached_;
      absorbed(mla, batch_.decode_tokens, batch_.decode_sequences, keys, batch_.decode_sequences * keys);
    }
    if (batch_.prefill_sequences <= 0) return;
    if (model_.sparse_attention && before_ + chunk_ > model_.sparse_attention->index_topk) {
      // Each query has keys of its own choice: a sequence of its own to the kernel, but the cache is read once.
      const SlidingWindow chosen = selection();
      const double keys = prefill_pairs(&chosen) / batch_.prefill_tokens;
      absorbed(mla, batch_.prefill_tokens, batch_.prefill_tokens, keys, batch_.prefill_context + batch_.prefill_tokens);
    } else {
      expanded(mla);
    }
  }

  // As many keys as the indexer chooses, wherever they are.
  [[nodiscard]] SlidingWindow selection() const { return {.tokens = model_.sparse_attention->index_topk}; }

  // Attention against the compressed cache. The up projection of keys is applied to the queries and that of values to
  // the output, head by head; engines keep these matrices in BF16.
  void absorbed(const LatentAttention& mla, double tokens, double sequences, double keys, double read_tokens) {
    const double heads = local_heads(model_, plan_);
    const Precision bf16 = Precision::bf16;
    builder_.gemm("absorbed_query_projection", bf16, bf16, tokens, mla.kv_lora_rank, mla.qk_nope_head_dim, heads);
    Operator op;
    op.kind = OperatorKind::latent_decode;
    op.name = "attention_decode";
    op.storage = plan_.kv_cache;
    op.m = tokens / sequences * heads;
    op.n = keys;
    op.k = mla.cache_width();
    op.batch = sequences;
    const double width = mla.cache_width() + mla.kv_lora_rank;  // scores, then the weighted sum of the latent part
    op.flops = units::flop * (2 * op.m * op.n * width * op.batch);
    op.bytes = units::B * (read_tokens * mla.cache_width() * cache_element() + tokens * heads * width * bf16_bytes);
    builder_.add(op);
    builder_.gemm("absorbed_value_projection", bf16, bf16, tokens, mla.v_head_dim, mla.kv_lora_rank, heads);
  }

  // Over prompts keys and values of all heads are made from the latent ones, cached ones too, and attended as usual.
  void expanded(const LatentAttention& mla) {
    const double heads = local_heads(model_, plan_);
    const double keys = batch_.prefill_tokens + batch_.prefill_context;
    const Precision format = arithmetic(plan_.attention_weights, plan_.activations);
    if (element_bytes(format) < bf16_bytes) {
      builder_.memory("quantise", keys * mla.kv_lora_rank * (bf16_bytes + element_bytes(format)));
    }
    builder_.gemm("latent_up_projection", plan_.attention_weights, format, keys,
                  heads * (mla.qk_nope_head_dim + mla.v_head_dim), mla.kv_lora_rank);
    Operator op;
    op.kind = OperatorKind::latent_prefill;
    op.name = "attention";
    op.k = mla.query_key_dim();
    shape_prefill(op, batch_.prefill_pairs, heads);
    const double width = mla.query_key_dim() + mla.v_head_dim;
    op.flops = units::flop * (2 * batch_.prefill_pairs * heads * width);
    op.bytes = units::B * ((batch_.prefill_tokens + keys) * heads * width * bf16_bytes);
    builder_.add(op);
  }

  // The indexer scores every cached token in FP8, whole on every tensor rank, and picks the best.
  void index(const SparseAttention& part) {
    const double key_bytes = part.index_head_dim + fp32_bytes;  // FP8 and a scale (DeepSeek-V3.2's inference code)
    builder_.memory("cache_write", batch_.tokens() * (part.index_head_dim * bf16_bytes + key_bytes));
    if (batch_.decode_sequences > 0) {
      Operator op;
      op.kind = OperatorKind::attention_decode;
      op.name = "index_scores";
      op.precision = op.storage = Precision::fp8;
      op.m = queries_ * part.index_heads;
      op.n = cached_;
      op.k = part.index_head_dim;
      op.batch = batch_.decode_sequences;
      op.flops = units::flop * (2 * op.m * op.n * op.k * op.batch);
      const double scores = queries_ * batch_.decode_context * fp32_bytes;
      op.bytes = units::B * (batch_.decode_context * key_bytes + scores);
      builder_.add(op);
      builder_.memory("index_topk", scores);
    }
    if (batch_.prefill_sequences > 0) {
      Operator op;
      op.kind = OperatorKind::gemm;
      op.name = "index_scores";
      op.precision = op.storage = Precision::fp8;
      op.m = chunk_ * part.index_heads;
      op.n = batch_.prefill_pairs / batch_.prefill_tokens;
      op.k = part.index_head_dim;
      op.batch = batch_.prefill_sequences;
      op.flops = units::flop * (2 * op.m * op.n * op.k * op.batch);
      const double scores = batch_.prefill_pairs * fp32_bytes;
      op.bytes = units::B * ((batch_.prefill_context + batch_.prefill_tokens) * key_bytes + scores);
      builder_.add(op);
      builder_.memory("index_topk", scores);
    }
  }

  // Decoding reads a sequence's state and writes it after each of its tokens, FP32.
  void update_states(double state_values, double conv_values) {
    const double passes = batch_.decode_sequences + batch_.decode_tokens;
    builder_.memory("state_update", passes * (state_values * fp32_bytes + conv_values * bf16_bytes));
  }

  // Prefilling works in chunks: matrix products inside a chunk, states handed from chunk to chunk. `flops` a token and
  // head, `values` read and written a token.
  void scan(double chunk, double heads, double head_dim, double state_values, double flops, double values) {
    if (batch_.prefill_tokens <= 0) return;
    const double chunks = batch_.prefill_sequences * std::max(1.0, chunk_ / chunk);
    Operator op;
    op.kind = OperatorKind::gemm;
    op.name = "state_scan";
    op.batch = chunks * heads;
    op.m = batch_.prefill_tokens / chunks;
    op.n = head_dim;
    op.k = flops / (2 * head_dim);
    op.flops = units::flop * (flops * heads * batch_.prefill_tokens);
    op.bytes = units::B * (batch_.prefill_tokens * values * bf16_bytes + 2 * chunks * state_values * fp32_bytes);
    op.kernels = 5;  // decays, chunk states, passing them on, products inside a chunk, output
    builder_.add(op);
  }

  void mamba_layers(int layers) {
    if (layers == 0) return;
    builder_.layers(layers * share_);
    const Mamba& mamba = *model_.mamba;
    const double heads = double{1} * mamba.heads / plan_.tp;
    const double states = heads * mamba.head_dim * mamba.state;
    update_states(states, mamba.conv_channels() / plan_.tp * (mamba.conv - 1));
    // State space duality (arXiv 2405.21060 section 6): C B^T once a group, then its product with x; into and out of
    // the state.
    const double chunk = std::min(double{1} * mamba.chunk, std::max(chunk_, 1.0));
    const double flops = 2 * chunk * mamba.state * mamba.groups / mamba.heads + 2 * chunk * mamba.head_dim +
                         4.0 * mamba.state * mamba.head_dim;
    const double values = (mamba.inner() + mamba.conv_channels()) / plan_.tp;
    scan(mamba.chunk, heads, mamba.head_dim, states, flops, values);
  }

  void linear_attention_layers(int layers) {
    if (layers == 0) return;
    builder_.layers(layers * share_);
    const LinearAttention& part = *model_.linear_attention;
    const double heads = double{1} * part.value_heads / plan_.tp;
    const double states = heads * part.key_head_dim * part.value_head_dim;
    update_states(states, part.conv_channels() / plan_.tp * (part.conv - 1));
    // Gated delta rule in chunks (arXiv 2412.06464 section 3.3): K K^T, its inverse times K and V, Q K^T, its product
    // with the values; and three products with the state.
    const double chunk = std::min(double{1} * part.chunk, std::max(chunk_, 1.0));
    const double key = part.key_head_dim, value = part.value_head_dim;
    const double flops = 2 * chunk * (3 * key + 2 * value) + 6 * key * value;
    const double values = (part.conv_channels() + part.value_width()) / plan_.tp;
    scan(part.chunk, heads, value, states, flops, values);
  }

  const ModelSpec& model_;
  const InferencePlan& plan_;
  const Batch& batch_;
  double share_;
  double queries_, cached_;  // of one decoding sequence
  double chunk_, before_;    // of one prefilling sequence
  PassBuilder builder_;
};

}  // namespace

Pass context_pass(const ModelSpec& model, const InferencePlan& plan, const Batch& batch) {
  return ContextPass(model, plan, batch).build();
}

}  // namespace aifsim::model
