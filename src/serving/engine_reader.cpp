// The `engine:` map of a serving workload.
#include <algorithm>
#include <string>

#include "hardware/operator_cost.hpp"
#include "serving/engine.hpp"
#include "serving/engine_adapters.hpp"
#include "serving/engine_software.hpp"
#include "serving/engine_vision.hpp"
#include "serving/replica_group.hpp"

namespace aifsim::serving {
namespace {

constexpr config::Range degree{.min = 1, .max = 1e5};
constexpr config::Range tokens{.min = 1, .max = 1e8};

int degree_of(const config::Node& node, int fallback) { return static_cast<int>(node.integer_or(fallback, degree)); }

Precision precision_or(const config::Node& node, Precision fallback) { return node ? node.precision() : fallback; }

// `precision: fp8`, or a map of its parts. GEMMs compute in the weights' format unless `activations` says otherwise.
// FP8 of a model whose checkpoints are scaled in blocks is MXFP8 weights under FP8 activations
// (model::scaled_in_blocks).
void read_precision(const config::Node& node, const model::ModelSpec& model, model::InferencePlan& plan) {
  if (!node) return;
  if (!node.is_map()) {
    const Precision all = node.precision();
    plan.attention_weights = plan.ffn_weights = plan.expert_weights = plan.activations = plan.dispatch = all;
    if (all == Precision::fp8 && model.fp8_in_blocks) {
      plan.attention_weights = plan.ffn_weights = plan.expert_weights = Precision::mxfp8;
    }
    return;
  }
  const Precision all = precision_or(node.optional("weights"), plan.ffn_weights);
  plan.attention_weights = precision_or(node.optional("attention"), all);
  plan.ffn_weights = precision_or(node.optional("ffn"), all);
  plan.expert_weights = precision_or(node.optional("experts"), all);
  plan.activations = precision_or(node.optional("activations"), plan.expert_weights);
  plan.dispatch = precision_or(node.optional("dispatch"), Precision::bf16);
  plan.kv_cache = precision_or(node.optional("kv_cache"), plan.kv_cache);
  node.finish();
}

void check_divides(const config::Node& blamed, const char* what, int whole, int parts) {
  if (whole % parts == 0) return;
  blamed.problem("a divisor of " + std::string(what) + " (" + std::to_string(whole) + ")", std::to_string(parts));
}

void read_plan(const config::Node& node, const model::ModelSpec& model, model::InferencePlan& plan) {
  plan.tp = degree_of(node.optional("tp"), 1);
  plan.dp = degree_of(node.optional("dp"), 1);
  plan.pp = degree_of(node.optional("pp"), 1);
  plan.redundant_experts = static_cast<int>(node.optional("redundant_experts").integer_or(0, {.min = 0, .max = 1e5}));
  plan.expert_imbalance = node.optional("expert_imbalance").number_or(1, {.min = 1, .max = 1e3});
  const config::Node ep = node.optional("ep"), moe_tp = node.optional("moe_tp");
  if (!model.experts) {
    if (ep) ep.problem("no `ep`, for the model has no experts", std::to_string(ep.integer(degree)));
    if (moe_tp) moe_tp.problem("no `moe_tp`, for the model has no experts", std::to_string(moe_tp.integer(degree)));
    return;
  }
  const int gpus = plan.stage_gpus();
  plan.ep = degree_of(ep, moe_tp ? std::max(1, gpus / degree_of(moe_tp, 1)) : 1);
  plan.moe_tp = degree_of(moe_tp, std::max(1, gpus / plan.ep));
  if (plan.ep * plan.moe_tp != gpus) {
    (ep       ? ep
     : moe_tp ? moe_tp
              : node)
        .problem("ep x moe_tp equal to tp x dp (" + std::to_string(gpus) + ")",
                 std::to_string(plan.ep) + " x " + std::to_string(plan.moe_tp));
    return;
  }
  check_divides(ep ? ep : node, "the model's experts and their copies", model.experts->count + plan.redundant_experts,
                plan.ep);
}

// Tensor cores must have the format that GEMMs compute in: the wider of weights and activations.
void check_precision(const config::Node& node, const hardware::GpuSpec& gpu, const model::InferencePlan& plan) {
  for (const Precision weights : {plan.attention_weights, plan.ffn_weights, plan.expert_weights}) {
    const Precision computed = model::arithmetic(weights, plan.activations);
    if (hardware::supports(gpu, computed)) continue;
    std::string known;
    for (const auto& [format, peak] : gpu.dense_peak)
      known += (known.empty() ? "" : ", ") + std::string(name_of(format));
    const config::Node precision = node.optional("precision");
    (precision ? precision : node)
        .problem("a precision that " + gpu.name + " computes in (" + known + ")", std::string(name_of(computed)),
                 "for narrow weights under wider arithmetic: precision: {weights: " + std::string(name_of(weights)) +
                     ", activations: bf16}");
    return;
  }
}

void check_plan(const config::Node& node, const model::ModelSpec& model, const hardware::Platform* platform,
                const model::InferencePlan& plan) {
  const config::Node tp = node.optional("tp"), pp = node.optional("pp");
  if (model.heads > 0) check_divides(tp ? tp : node, "the model's heads", model.heads, plan.tp);
  if (model.layers > 0 && plan.pp > model.layers) {
    pp.problem("at most the model's layers (" + std::to_string(model.layers) + ")", std::to_string(plan.pp));
  }
  if (platform == nullptr) return;
  for (const hardware::NodeGroup& group : platform->groups) check_precision(node, *group.type->gpu, plan);
  const double gpus = double{1} * plan.tp * plan.dp * plan.pp;
  if (gpus > platform->gpu_count()) {
    (tp ? tp : node)
        .problem(
            "at most the " + std::to_string(platform->gpu_count()) + " GPUs of the platform",
            "tp " + std::to_string(plan.tp) + " x dp " + std::to_string(plan.dp) + " x pp " + std::to_string(plan.pp));
  }
}

void read_speculation(const config::Node& node, const model::ModelSpec& model, EngineOptions& options) {
  if (!node) return;
  options.speculative_tokens = static_cast<int>(node.required("tokens").integer({.min = 1, .max = 64}));
  options.acceptance = node.required("acceptance").number({.min = 0, .max = 1});
  options.plan.speculative = model.mtp_layers > 0;
  node.finish();
}

void read_length(const config::Node& node, const model::ModelSpec& model, EngineOptions& options) {
  options.max_model_tokens = model.max_context;
  if (!node) return;
  options.max_model_tokens = static_cast<int>(node.integer(tokens));
  options.must_hold_longest = true;
  if (model.max_context > 0 && options.max_model_tokens > model.max_context) {
    node.problem("at most what the model was made for (" + std::to_string(model.max_context) + ")",
                 std::to_string(options.max_model_tokens));
  }
}

// Recurrent state cannot be taken up in the middle of a prompt, and engines keep no prefixes of such models.
bool recurrent(const model::ModelSpec& model) { return model.mamba || model.linear_attention; }

// With more attention groups than experts of a token, an all-gather would bring most GPUs tokens that none of their
// experts wants: engines that go this wide send tokens to their experts instead (SGLang with DeepEP, TensorRT-LLM's
// wide EP), unless the user says otherwise.
bool goes_wide(const config::Node& node, const model::ModelSpec& model, const model::InferencePlan& plan) {
  return model.experts && plan.dp > model.experts->top_k && !node.has("expert_exchange");
}

void check_budget(const config::Node& node, EngineOptions& options) {
  const int each = 1 + options.speculative_tokens;
  if (!node.has("max_sequences")) {  // an engine's default gives way
    options.max_sequences = std::clamp(options.max_batched_tokens / each, 1, options.max_sequences);
  }
  const double decodes = double{1} * options.max_sequences * (1 + options.speculative_tokens);
  if (decodes <= options.max_batched_tokens) return;
  const config::Node blamed =
      node.has("max_sequences") ? node.optional("max_sequences") : node.optional("max_batched_tokens");
  (blamed ? blamed : node)
      .problem("max_sequences x (1 + speculative tokens) of at most max_batched_tokens (" +
                   std::to_string(options.max_batched_tokens) + "), so that all sequences can decode at once",
               std::to_string(options.max_sequences) + " x " + std::to_string(1 + options.speculative_tokens));
}

// A sliding window's blocks are freed one at a time: an iteration may not fill more than one.
void check_blocks(const config::Node& node, const model::ModelSpec& model, const EngineOptions& options) {
  if (!model.sliding_window) return;
  const TokenQuanta quanta = token_quanta(options);
  const std::int64_t least = (quanta.iteration + quanta.token - 1) / quanta.token;
  if (least <= options.block_tokens) return;
  const config::Node own = node.optional("block_tokens"), speculation = node.optional("speculation");
  (own ? own : speculation)
      .problem("blocks of at least the " + std::to_string(least) +
                   " tokens that an iteration with speculation may add, for the model has sliding windows",
               "block_tokens " + std::to_string(options.block_tokens),
               "block_tokens: " + std::to_string(least) + ", or fewer speculative tokens");
}

}  // namespace

EngineOptions read_engine(const config::Node& node, const model::ModelSpec& model, const hardware::Platform* platform) {
  EngineOptions options;
  read_software(node.required("software"), options);
  read_plan(node, model, options.plan);
  read_precision(node.optional("precision"), model, options.plan);
  options.plan.kv_cache = precision_or(node.optional("kv_cache"), options.plan.kv_cache);
  options.prefix_caching = options.prefix_caching && !recurrent(model);
  read_settings(node, options);
  options.swap_limited = node.has("swap_bandwidth");
  read_length(node.optional("max_model_tokens"), model, options);
  read_speculation(node.optional("speculation"), model, options);
  read_engine_vision(node.optional("vision"), model, options);
  read_adapters(node.optional("lora"), model, platform, options);
  options.plan.all_to_all =
      options.plan.ep > 1 && (options.software.expert_exchange != "all-reduce" || goes_wide(node, model, options.plan));
  node.finish();
  check_plan(node, model, platform, options.plan);
  check_budget(node, options);
  check_blocks(node, model, options);
  if (recurrent(model) && options.prefix_caching) {
    node.optional("prefix_caching").problem("false, for the model has recurrent layers", "true");
  }
  if (options.preemption == Preemption::swap && options.swap_bandwidth <= BytesPerSecond{}) {
    node.optional("preemption").problem("`swap_bandwidth` beside preemption by swapping", "nothing");
  }
  return options;
}

}  // namespace aifsim::serving
