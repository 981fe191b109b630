// LoRA adapters in an inference pass: y = W x + B (A x), A and B of a small rank, each sequence with its own.
//
// Engines keep A and B of an adapter apart from W and run two kernels beside each linear layer, which take the rows of
// all adapters of the batch at once (Punica, arXiv 2310.18547; S-LoRA, arXiv 2311.03285): shrink (A x), then expand (B
// of it, added to y in place). A fused layer (QKV, gate and up) has factors for each of its parts and still one launch
// of each kernel.
#include <vector>

#include "model/inference_operators.hpp"
#include "model/layers.hpp"

namespace aifsim::model {
namespace {

// A linear layer as one tensor rank has it.
struct AdaptedLayer {
  double times = 0;  // in the fullest stage
  double parts = 1;  // fused into it
  double in = 0;     // values of its input that the rank has
  double out = 0;    // values of the output that the rank makes, of all parts together
};

// Tensor ranks share adapters as vLLM does by default: where W's output is split, A is whole on every rank and B is
// split; where W's input is split, A is split and B whole, and the sum over ranks that W needs anyway adds the
// adapter's parts up. Layers that every rank has whole have whole adapters.
class AdaptedLayers {
 public:
  AdaptedLayers(const ModelSpec& model, const InferencePlan& plan)
      : model_(model), plan_(plan), share_(stage_share(model, plan)) {}

  std::vector<AdaptedLayer> list() {
    const AdapterPlan& adapter = plan_.adapter;
    if (adapter.rank <= 0) return {};
    if (adapter.attention) attention();
    if (adapter.ffn) ffns();
    if (adapter.attention && adapter.ffn) recurrent();
    return std::move(layers_);
  }

 private:
  void add(int count, double parts, double in, double out) {
    if (count > 0 && in > 0 && out > 0) layers_.push_back({count * share_, parts, in, out});
  }
  [[nodiscard]] double split(double width) const { return width / plan_.tp; }

  void attention() {
    const int count = layers_with(model_, Mixer::attention) + layers_with(model_, Mixer::window_attention);
    const double heads = local_heads(model_, plan_);
    if (model_.latent_attention) return latent(*model_.latent_attention, count, heads);
    const double query = heads * model_.head_dim * (model_.gated_attention ? 2 : 1);
    add(count, 3, model_.hidden, query + 2 * local_kv_heads(model_, plan_) * model_.head_dim);
    add(count, 1, heads * model_.head_dim, model_.hidden);
  }
  // The up projection of keys and values has no adapter: decoding absorbs it into the query, and no linear layer is
  // left to add to.
  void latent(const LatentAttention& mla, int count, double heads) {
    const bool two_steps = mla.q_lora_rank > 0;
    add(count, two_steps ? 2 : 1, model_.hidden, mla.q_lora_rank + mla.cache_width());
    add(count, 1, two_steps ? mla.q_lora_rank : model_.hidden, heads * mla.query_key_dim());
    add(count, 1, heads * mla.v_head_dim, model_.hidden);
  }
  void recurrent() {
    if (const auto& mamba = model_.mamba) {
      const int count = layers_with(model_, Mixer::mamba);
      add(count, 1, model_.hidden, split(mamba->inner() + mamba->conv_channels() + mamba->heads));
      add(count, 1, split(mamba->inner()), model_.hidden);
    }
    if (const auto& linear = model_.linear_attention) {
      const int count = layers_with(model_, Mixer::linear_attention);
      add(count, 1, model_.hidden, split(linear->conv_channels() + linear->value_width()));
      add(count, 1, split(linear->value_width()), model_.hidden);
    }
  }
  void ffns() {
    ffn(layers_with(model_, Ffn::dense), model_.ffn_hidden);
    if (model_.experts) ffn(layers_with(model_, Ffn::experts), model_.experts->shared_ffn);
  }
  void ffn(int count, double width) {
    const double parts = model_.ffn_matrices() - 1;
    add(count, parts, model_.hidden, parts * split(width));
    add(count, 1, split(width), model_.hidden);
  }

  const ModelSpec& model_;
  const InferencePlan& plan_;
  double share_;
  std::vector<AdaptedLayer> layers_;
};

// Rows are worked on in blocks that belong to one adapter each. Assumed: blocks of 32 rows, the last one of each
// adapter half full.
constexpr double empty_rows = 16;

// A thin GEMM whose weights differ from adapter to adapter.
Operator thin_gemm(OperatorName name, double rows, double n, double k, double bytes) {
  Operator op;
  op.kind = OperatorKind::gemm;
  op.name = name;
  op.m = rows;
  op.n = n;
  op.k = k;
  op.flops = units::flop * (2 * rows * n * k);
  op.bytes = units::B * bytes;
  return op;
}

}  // namespace

Pass adapter_pass(const ModelSpec& model, const InferencePlan& plan, double tokens, double adapters) {
  PassBuilder builder;
  if (tokens <= 0 || adapters <= 0) return builder.take();
  const double rank = plan.adapter.rank;
  const double rows = tokens + adapters * empty_rows;
  for (const AdaptedLayer& layer : AdaptedLayers(model, plan).list()) {
    builder.layers(layer.times);
    const double low = layer.parts * rank;
    const double between = tokens * low * fp32_bytes;  // from one kernel to the other
    // Weights once, the tokens' values in and out.
    const double shrink = (adapters * low + tokens) * layer.in * bf16_bytes + between;
    builder.add(thin_gemm("lora_shrink", rows, low, layer.in, shrink));
    // Each part's outputs come from its own `rank` values; what W made of them is read and written again.
    const double expand = between + (adapters * rank + 2 * tokens) * layer.out * bf16_bytes;
    builder.add(thin_gemm("lora_expand", rows, layer.out, rank, expand));
  }
  return builder.take();
}

Bytes adapter_bytes(const ModelSpec& model, const InferencePlan& plan) {
  double values = 0;
  for (const AdaptedLayer& layer : AdaptedLayers(model, plan).list()) {
    values += layer.times * plan.adapter.rank * (layer.parts * layer.in + layer.out);
  }
  return units::B * (values * bf16_bytes);
}

}  // namespace aifsim::model
