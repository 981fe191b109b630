// The part of an inference pass that depends on token counts alone: projections, FFNs, experts, norms, head.
#include "model/expert_load.hpp"
#include "model/inference_operators.hpp"
#include "model/layers.hpp"

namespace aifsim::model {
namespace {

class TokenPass {
 public:
  TokenPass(const ModelSpec& model, const InferencePlan& plan, double tokens, double group_tokens)
      : model_(model), plan_(plan), tokens_(tokens), group_tokens_(group_tokens), share_(stage_share(model, plan)) {}

  Pass build(double sampled) {
    if (group_tokens_ > 0) layers();
    if (sampled > 0) head(sampled);
    return builder_.take();
  }

 private:
  void layers() {
    embedding();
    attention_layers(layers_with(model_, Mixer::attention) + layers_with(model_, Mixer::window_attention));
    mamba_layers(layers_with(model_, Mixer::mamba));
    linear_attention_layers(layers_with(model_, Mixer::linear_attention));
    dense_layers(layers_with(model_, Ffn::dense));
    expert_layers(layers_with(model_, Ffn::experts));
    builder_.layers(1);
    norm();
  }
  [[nodiscard]] double hidden() const { return model_.hidden; }
  [[nodiscard]] bool start(int layers) {
    builder_.layers(layers * share_);
    return layers > 0;
  }

  // A linear layer on all tokens; its input is brought to the arithmetic's format first.
  enum class Input { made_by_norm, made_by_kernel };
  void linear(OperatorName name, Precision weights, double width_out, double width_in, Input input) {
    const Precision format = arithmetic(weights, plan_.activations);
    // Activations get a scale for each 128 of a row, which the kernels that could be fused with do not make.
    const bool blocks = scaled_in_blocks(weights, plan_.activations);
    quantise(format, width_in, blocks ? Input::made_by_kernel : input);
    builder_.gemm(name, weights, format, tokens_, width_out, width_in);
  }
  void plain_linear(OperatorName name, double width_out, double width_in) {
    builder_.gemm(name, Precision::bf16, Precision::bf16, tokens_, width_out, width_in);
  }
  // Reads BF16, writes the format. Fused, the kernel before the GEMM writes the format in place of BF16.
  void quantise(Precision format, double width, Input input) {
    if (element_bytes(format) >= bf16_bytes) return;
    if (plan_.fused_quantise && input == Input::made_by_norm) return;
    builder_.memory("quantise", tokens_ * width * (bf16_bytes + element_bytes(format)));
  }

  // x and residual in, their sum and the normed sum out, in one kernel.
  void norm() { builder_.memory("norm", 4 * tokens_ * hidden() * bf16_bytes); }
  // Gated reads two, writes one; others one and one.
  void activation(double width) { builder_.memory("activation", tokens_ * width * model_.ffn_matrices() * bf16_bytes); }
  // Tensor ranks sum what their parts of a layer yield.
  void reduce(OperatorName name) {
    if (plan_.tp > 1) builder_.exchange(Exchange::tensor_all_reduce, name, tokens_ * hidden() * bf16_bytes);
  }

  // Vocabulary-parallel: each rank has the rows of its part of the vocabulary, zeros elsewhere.
  void embedding() {
    builder_.layers(1);
    builder_.memory("embedding", 2 * tokens_ * hidden() * bf16_bytes);
    reduce("embedding");
    if (model_.draft) {
      builder_.memory("norm", 4 * tokens_ * hidden() * bf16_bytes, 2);
      linear("draft_projection", plan_.attention_weights, hidden(), 2 * hidden(), Input::made_by_norm);
    }
    if (plan_.pp > 1) {  // hidden state and residual; tensor ranks send a slice each
      builder_.exchange(Exchange::stage_send, "stage", 2 * tokens_ * hidden() * bf16_bytes / plan_.tp);
    }
  }

  void attention_layers(int layers) {
    if (!start(layers)) return;
    norm();
    const double heads = local_heads(model_, plan_);
    double output_width = heads * model_.head_dim;
    if (model_.latent_attention) {
      latent_projections(*model_.latent_attention, heads);
      output_width = heads * model_.latent_attention->v_head_dim;
    } else {
      const double query = output_width * (model_.gated_attention ? 2 : 1);
      const double kv = local_kv_heads(model_, plan_) * model_.head_dim;
      linear("qkv_projection", plan_.attention_weights, query + 2 * kv, hidden(), Input::made_by_norm);
      query_key_norm(output_width + kv);
      if (model_.position == Position::rope) builder_.memory("rotary", 2 * tokens_ * (output_width + kv) * bf16_bytes);
      if (model_.gated_attention) builder_.memory("attention_gate", 3 * tokens_ * output_width * bf16_bytes);
    }
    linear("output_projection", plan_.attention_weights, hidden(), output_width, Input::made_by_kernel);
    reduce("attention");
  }

  // One kernel where heads are normed alone; else one for the sums of squares, which all ranks add, and one to scale.
  void query_key_norm(double width) {
    if (model_.query_key_norm == QueryKeyNorm::none) return;
    const bool together = model_.query_key_norm == QueryKeyNorm::width && plan_.tp > 1;
    builder_.memory("query_key_norm", (together ? 3 : 2) * tokens_ * width * bf16_bytes, together ? 2 : 1);
    if (together) builder_.exchange(Exchange::tensor_all_reduce, "query_key_norm", 2 * tokens_ * fp32_bytes);
  }

  // The down projections of queries and of keys and values are one GEMM, whole on every tensor rank. What depends on
  // decoding or prefilling (the up projection of keys and values) is in the context pass.
  void latent_projections(const LatentAttention& mla, double heads) {
    const double down = mla.q_lora_rank + mla.cache_width();
    linear("latent_down_projection", plan_.attention_weights, down, hidden(), Input::made_by_norm);
    builder_.memory("norm", 2 * tokens_ * (mla.q_lora_rank + mla.kv_lora_rank) * bf16_bytes, 2);
    const double query_source = mla.q_lora_rank > 0 ? mla.q_lora_rank : hidden();
    linear("query_up_projection", plan_.attention_weights, heads * mla.query_key_dim(), query_source,
           Input::made_by_norm);
    builder_.memory("rotary", 2 * tokens_ * (heads + 1) * mla.qk_rope_head_dim * bf16_bytes);
    if (!model_.sparse_attention) return;
    const SparseAttention& index = *model_.sparse_attention;
    const double index_width = double{1} * index.index_heads * index.index_head_dim;
    linear("index_query_projection", plan_.attention_weights, index_width, query_source, Input::made_by_norm);
    linear("index_key_projection", plan_.attention_weights, index.index_head_dim + index.index_heads, hidden(),
           Input::made_by_norm);
    // Rotary and to FP8, in which the indexer works.
    builder_.memory("index_quantise", tokens_ * (index_width + index.index_head_dim) * (bf16_bytes + 1), 2);
  }

  void mamba_layers(int layers) {
    if (!start(layers)) return;
    const Mamba& mamba = *model_.mamba;
    const double inner = mamba.inner() / plan_.tp;
    norm();
    linear("ssm_in_projection", plan_.attention_weights,
           (mamba.inner() + mamba.conv_channels() + mamba.heads) / plan_.tp, hidden(), Input::made_by_norm);
    builder_.memory("conv", 2 * tokens_ * mamba.conv_channels() / plan_.tp * bf16_bytes);
    builder_.memory("gated_norm", 3 * tokens_ * inner * bf16_bytes);
    linear("ssm_out_projection", plan_.attention_weights, hidden(), inner, Input::made_by_norm);
    reduce("attention");
  }

  void linear_attention_layers(int layers) {
    if (!start(layers)) return;
    const LinearAttention& part = *model_.linear_attention;
    const double value = part.value_width() / plan_.tp;
    norm();
    linear("linear_in_projection", plan_.attention_weights, (part.conv_channels() + part.value_width()) / plan_.tp,
           hidden(), Input::made_by_norm);
    plain_linear("linear_gate_projection", 2.0 * part.value_heads / plan_.tp, hidden());
    builder_.memory("conv", 2 * tokens_ * part.conv_channels() / plan_.tp * bf16_bytes);
    builder_.memory("gated_norm", 3 * tokens_ * value * bf16_bytes);
    linear("linear_out_projection", plan_.attention_weights, hidden(), value, Input::made_by_norm);
    reduce("attention");
  }

  void dense_ffn(OperatorName up, OperatorName down, double width) {
    linear(up, plan_.ffn_weights, width * (model_.ffn_matrices() - 1), hidden(), Input::made_by_norm);
    activation(width);
    linear(down, plan_.ffn_weights, hidden(), width, Input::made_by_norm);
  }

  void dense_layers(int layers) {
    if (!start(layers)) return;
    norm();
    dense_ffn("mlp_up", "mlp_down", double{1} * model_.ffn_hidden / plan_.tp);
    reduce("mlp");
  }

  void expert_layers(int layers) {
    if (!start(layers)) return;
    const Experts& experts = *model_.experts;
    const double width = experts.latent > 0 ? experts.latent : hidden();
    norm();
    plain_linear("router", experts.count, hidden());
    builder_.memory("routing", tokens_ * experts.count * fp32_bytes);
    if (experts.latent > 0) linear("latent_down", plan_.ffn_weights, width, hidden(), Input::made_by_norm);
    to_experts(width);
    expert_ffn(width);
    from_experts(width);
    if (experts.latent > 0) linear("latent_up", plan_.ffn_weights, hidden(), width, Input::made_by_kernel);
    if (experts.shared_ffn > 0) {
      dense_ffn("shared_up", "shared_down", double{1} * experts.shared_ffn / plan_.tp);
      builder_.memory("expert_sum", 3 * tokens_ * hidden() * bf16_bytes);
    }
    sum_experts();
  }

  [[nodiscard]] bool sends_tokens() const { return plan_.all_to_all && plan_.ep > 1; }
  [[nodiscard]] bool gathers_tokens() const { return !sends_tokens() && plan_.dp > 1; }

  // A token goes once to each other rank that has experts of it, to all parts of a split expert.
  [[nodiscard]] double sent_values(double width) const {
    const double away = double{1} * (plan_.ep - 1) / plan_.ep;
    return tokens_ / plan_.tp * ranks_per_token(*model_.experts, plan_) * away * plan_.moe_tp * width;
  }

  void to_experts(double width) {
    if (sends_tokens()) {
      builder_.exchange(Exchange::expert_dispatch, "dispatch", sent_values(width) * element_bytes(plan_.dispatch));
    } else if (gathers_tokens()) {
      builder_.exchange(Exchange::tokens_all_gather, "experts", group_tokens_ * width * element_bytes(plan_.dispatch));
    }
  }

  void from_experts(double width) {
    if (sends_tokens()) {
      builder_.exchange(Exchange::expert_combine, "combine", sent_values(width) * bf16_bytes);
    } else if (gathers_tokens()) {
      builder_.exchange(Exchange::tokens_reduce_scatter, "experts", group_tokens_ * width * bf16_bytes);
    }
  }

  // One all-reduce for routed and shared experts together where both are partial sums on the same ranks. (In the
  // latent space the routed part is summed before its up projection, which is linear: the same bytes or fewer.)
  void sum_experts() {
    if (sends_tokens() || gathers_tokens()) {
      if (model_.experts->shared_ffn > 0) reduce("shared_expert");
    } else if (plan_.ep * plan_.moe_tp > 1) {
      builder_.exchange(Exchange::expert_all_reduce, "experts", tokens_ * hidden() * bf16_bytes);
    }
  }

  // Engines run permutation, both grouped GEMMs, the activation between them and the weighted sum as one unit.
  void expert_ffn(double width) {
    const Experts& experts = *model_.experts;
    const ExpertLoad load = expert_load(experts, plan_, group_tokens_);
    if (load.pairs <= 0) return;
    Operator op;
    op.kind = OperatorKind::expert_ffn;
    op.name = "expert_ffn";
    op.precision = arithmetic(plan_.expert_weights, plan_.activations);
    op.storage = plan_.expert_weights;
    op.m = load.pairs;
    op.n = double{1} * experts.ffn_hidden / plan_.moe_tp;
    op.k = width;
    op.batch = load.experts;
    const double matrices = model_.ffn_matrices();
    op.flops = units::flop * (2 * matrices * op.m * op.n * op.k);
    const double weights = op.batch * matrices * op.n * op.k * stored_bytes(op.storage, plan_.activations);
    // Every token that the rank sees is read and written once; what the activation and the copies move besides is in
    // the kernels' own model (ExpertProfile::row_bytes).
    const double seen = sends_tokens() ? load.pairs : group_tokens_;
    op.bytes = units::B * (weights + seen * op.k * (element_bytes(op.precision) + bf16_bytes));
    op.kernels = 4;
    builder_.add(op);
  }

  // Logits of the sampled rows alone; then, on every rank, the whole vocabulary's: to FP32, softmax or argmax.
  void head(double sampled) {
    builder_.layers(1);
    const double vocabulary = double{1} * model_.vocab / plan_.tp;
    builder_.gemm("logits", Precision::bf16, Precision::bf16, sampled, vocabulary, hidden());
    if (plan_.tp > 1) builder_.exchange(Exchange::logits_all_gather, "logits", sampled * model_.vocab * bf16_bytes);
    builder_.memory("sampling", sampled * model_.vocab * (bf16_bytes + 2 * fp32_bytes), 2);
  }

  const ModelSpec& model_;
  const InferencePlan& plan_;
  double tokens_;
  double group_tokens_;
  double share_;
  PassBuilder builder_;
};

}  // namespace

// One layer like the model's last, with attention (arXiv 2412.19437 section 2.2).
ModelSpec draft_model(const ModelSpec& model) {
  ModelSpec draft = model;
  draft.name += " draft";
  draft.draft = true;
  draft.layers = model.mtp_layers > 0 ? 1 : 0;
  draft.mtp_layers = 0;
  draft.layer_pattern.clear();
  draft.mamba.reset();
  draft.linear_attention.reset();
  draft.sliding_window.reset();
  if (draft.experts) {
    draft.experts->first_dense_layers = 0;
    draft.experts->every = 1;
  }
  return draft;
}

Pass token_pass(const ModelSpec& model, const InferencePlan& plan, double tokens, double group_tokens, double sampled) {
  return TokenPass(model, plan, tokens, group_tokens).build(sampled);
}

}  // namespace aifsim::model
