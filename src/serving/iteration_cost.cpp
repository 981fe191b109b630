#include "serving/iteration_cost.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "hardware/operator_cost.hpp"
#include "serving/image_cost.hpp"
#include "serving/pass_cost.hpp"
#include "topology/node_of.hpp"

namespace aifsim::serving {
namespace {

using model::Batch;
using model::Pass;

// The tables time kernels one by one; in an engine the next one's launch hides behind the last one's end.
void shorten_launches(hardware::KernelProfile& kernels, const EngineSoftware& software) {
  const auto shorten = [&](auto& profiles) {
    for (auto& [precision, profile] : profiles) profile.launch = profile.launch * software.launch_share;
  };
  if (software.expert_launch > Seconds{}) {
    for (auto& [precision, profile] : kernels.serving.experts) {
      profile.launch = std::min(profile.launch, software.expert_launch);
    }
  }
  shorten(kernels.gemm);
  shorten(kernels.attention);
  shorten(kernels.serving.decode);
  shorten(kernels.serving.latent_decode);
  shorten(kernels.serving.latent_prefill);
  shorten(kernels.serving.experts);
  kernels.memory.launch = kernels.memory.launch * software.launch_share;
}

hardware::GpuSpec with_software(const hardware::GpuSpec& gpu, const EngineSoftware& software) {
  hardware::GpuSpec result = gpu;
  if (!software.kernel_library.empty()) {
    if (auto profile = hardware::with_library(gpu.kernels, software.kernel_library)) {
      result.kernels = *std::move(profile);
    }
  }
  // A service computes without a pause, as a training step does.
  result.kernels = hardware::under_sustained_load(std::move(result.kernels));
  shorten_launches(result.kernels, software);
  return result;
}

// What drafts tokens: the model's own prediction layer, else a head of one of its layers (as EAGLE's is).
model::ModelSpec drafter(const model::ModelSpec& model) {
  model::ModelSpec draft = draft_model(model);
  if (draft.layers > 0) return draft;
  draft = model;
  draft.layers = 1;
  return draft;
}

const char* name_of(model::Exchange exchange) {
  switch (exchange) {
    case model::Exchange::tensor_all_reduce:
    case model::Exchange::expert_all_reduce: return "all-reduce";
    case model::Exchange::expert_dispatch: return "dispatch";
    case model::Exchange::expert_combine: return "combine";
    case model::Exchange::tokens_all_gather:
    case model::Exchange::image_tokens_all_gather:
    case model::Exchange::logits_all_gather: return "all-gather";
    case model::Exchange::tokens_reduce_scatter: return "reduce-scatter";
    case model::Exchange::stage_send: return "send";
  }
  throw InternalError("an exchange without a name");
}

}  // namespace

struct IterationCost::Implementation {
  EngineOptions options;
  std::vector<DeviceId> gpus;
  hardware::GpuSpec gpu;
  ExchangeCost exchanges;
  PassCost passes;
  ImageCost images;
  std::optional<PassCost> drafts;
  double speed = 1;  // of the slowest GPU, which all others wait for

  Implementation(const model::ModelSpec& model, const EngineOptions& engine, const hardware::Platform& platform,
                 const topology::Topology& topology, std::vector<DeviceId> devices)
      : options(engine),
        gpus(std::move(devices)),
        gpu(with_software(*topology::node_of(gpus.front(), platform, topology.fabric).gpu, engine.software)),
        exchanges(options, platform, topology, gpus),
        passes(model, options.plan, gpu, exchanges),
        images(passes, options.plan) {
    if (options.speculative_tokens > 0) drafts.emplace(drafter(model), options.plan, gpu, exchanges);
    for (const DeviceId device : gpus) speed = std::min(speed, topology.speed(device));
  }

  [[nodiscard]] double tokens_each() const { return 1.0 + options.speculative_tokens; }
  [[nodiscard]] Batch decoding(double sequences, double context, const AdapterLoad& adapters) const {
    Batch batch;
    batch.adapter_tokens = adapters.tokens;
    batch.adapters = adapters.adapters;
    batch.decode_sequences = sequences;
    batch.decode_tokens = batch.sampled = sequences * tokens_each();
    batch.decode_context = context;
    return batch;
  }

  [[nodiscard]] static AdapterLoad adapters_of(const Batch& batch) {
    return {.tokens = batch.adapter_tokens, .adapters = batch.adapters};
  }
  [[nodiscard]] static Batch drafting(Batch batch) {
    batch.decode_tokens = batch.decode_sequences;
    return batch;
  }

  // A CUDA graph of the next captured size covers the batch, or the host launches every kernel.
  [[nodiscard]] bool in_graph(const Batch& batch) const {
    return batch.prefill_tokens <= 0 && batch.decode_sequences <= options.software.graph_batch;
  }
  [[nodiscard]] double padded(double sequences) const {
    const std::vector<int>& sizes = options.software.graph_sizes;
    const auto next = std::lower_bound(sizes.begin(), sizes.end(), sequences - 1e-9);
    return next == sizes.end() ? sequences : *next;
  }
  // Of one pipeline stage: an equal share of the batch.
  [[nodiscard]] Batch micro_batch(Batch batch) const {
    const double share = 1.0 / options.plan.pp;
    for (double* value : {&batch.decode_sequences, &batch.decode_tokens, &batch.decode_context, &batch.prefill_sequences,
                          &batch.prefill_tokens, &batch.prefill_context, &batch.prefill_pairs, &batch.sampled,
                          &batch.engine_tokens, &batch.adapter_tokens}) {
      *value *= share;
    }
    // Each share of the batch has all adapters, as far as it has tokens for them.
    batch.adapters = std::min(batch.adapters, std::ceil(batch.adapter_tokens));
    return batch;
  }

  [[nodiscard]] Pass adapter_pass(const Batch& batch) const {
    return model::adapter_pass(passes.model(), options.plan, batch.adapter_tokens, batch.adapters);
  }
  [[nodiscard]] Seconds drafting_time(const Batch& batch) const {
    if (batch.decode_sequences <= 0) return {};
    PassTime draft = drafts->body(batch.decode_sequences);
    draft += drafts->head(batch.decode_sequences);
    draft += drafts->decode_beside_prompts(drafting(batch));
    return on_gpu(draft, true) * options.speculative_tokens;
  }
  // All but the attention of decoding sequences.
  [[nodiscard]] PassTime dense(const Batch& batch, bool graph) const {
    const double sequences = graph ? padded(batch.decode_sequences) : batch.decode_sequences;
    PassTime total = passes.body(sequences * tokens_each() + batch.prefill_tokens, batch.engine_tokens);
    total += passes.head(batch.sampled);
    total += passes.prefill_attention(batch);
    if (batch.adapter_tokens > 0) total += passes.adapters(batch.adapter_tokens, batch.adapters);
    if (!drafts) return total;
    // One draft after the other; each sees one token of every sequence, and the prompts once.
    PassTime draft = drafts->body(sequences);
    draft += drafts->head(sequences);
    total += draft * options.speculative_tokens;
    if (batch.prefill_tokens > 0) {
      const double prompts = batch.engine_tokens > 0 ? batch.engine_tokens * batch.prefill_tokens / batch.tokens() : 0;
      total += drafts->body(batch.prefill_tokens, prompts);
    }
    total += drafts->prefill_attention(batch);
    return total;
  }
  // Attention of `sequences` of one stage from one end of a line of contexts to the other.
  [[nodiscard]] PassCost::Segment attention(int sequences, double context) const {
    PassCost::Segment segment = passes.decode_attention(sequences, tokens_each(), context);
    if (!drafts) return segment;
    const PassCost::Segment draft = drafts->decode_attention(sequences, 1, context);
    segment.low += draft.low * options.speculative_tokens;
    segment.high += draft.high * options.speculative_tokens;
    return segment;
  }
  [[nodiscard]] Seconds on_gpu(const PassTime& pass, bool graph) const {
    const EngineSoftware& software = options.software;
    const Seconds busy = pass.kernels * (software.kernel_factor / speed) + pass.exchanges;
    return graph ? busy : std::max(busy, software.launch_gap * pass.launches);
  }
  // The first stage encodes all images before its first prompts; the others wait.
  [[nodiscard]] Seconds encoding(const Batch& batch) const {
    return batch.images.patches > 0 ? on_gpu(images.time(batch.images), false) : Seconds{};
  }
  [[nodiscard]] Seconds with_host(Seconds gpu_time, const Batch& batch) const {
    const EngineSoftware& software = options.software;
    const Seconds work =
        software.per_sequence * batch.decode_sequences + software.per_prefill * batch.prefill_sequences;
    return software.step + (software.overlaps_scheduling ? std::max(gpu_time, work) : gpu_time + work);
  }
  // `longer`: what the exchanges of all stages take beside their own time.
  [[nodiscard]] Seconds with_prefill(const Batch& batch, Seconds longer) const {
    const Batch part = micro_batch(batch);
    PassTime pass = dense(part, false);
    pass.exchanges += longer / options.plan.pp;
    pass += passes.decode_beside_prompts(part);
    if (drafts) pass += drafts->decode_beside_prompts(drafting(part)) * options.speculative_tokens;
    return with_host(on_gpu(pass, false) * options.plan.pp + encoding(batch), batch);
  }
  [[nodiscard]] DecodeLine line(int sequences, double context, const AdapterLoad& adapters, Seconds longer) const;
  [[nodiscard]] Seconds time(const Batch& batch, Seconds longer) const {
    if (batch.prefill_tokens > 0 || batch.decode_sequences <= 0) return with_prefill(batch, longer);
    const DecodeLine decodes =
        line(static_cast<int>(std::lround(batch.decode_sequences)), batch.decode_context, adapters_of(batch), longer);
    return decodes.fixed + decodes.per_token * batch.decode_context;
  }
};

IterationCost::IterationCost(const model::ModelSpec& model, const EngineOptions& options,
                             const hardware::Platform& platform, const topology::Topology& topology,
                             std::vector<DeviceId> gpus)
    : implementation_(std::make_unique<Implementation>(model, options, platform, topology, std::move(gpus))) {}
IterationCost::~IterationCost() = default;

const std::vector<DeviceId>& IterationCost::gpus() const { return implementation_->gpus; }

Seconds IterationCost::time(const Batch& batch) const { return implementation_->time(batch, {}); }

Seconds IterationCost::slowed(const Batch& batch, Seconds longer) const { return implementation_->time(batch, longer); }

DecodeLine IterationCost::decode(int sequences, double context, const AdapterLoad& adapters) const {
  return implementation_->line(sequences, context, adapters, {});
}

DecodeLine IterationCost::Implementation::line(int sequences, double context, const AdapterLoad& adapters,
                                               Seconds longer) const {
  const Batch whole = decoding(sequences, context, adapters);
  const Batch part = micro_batch(whole);
  const double stages = options.plan.pp;
  const bool graph = in_graph(whole);
  PassTime dense = this->dense(part, graph);
  dense.exchanges += longer / stages;
  const PassCost::Segment segment =
      attention(static_cast<int>(std::ceil(part.decode_sequences - 1e-9)), part.decode_context);
  const auto with_attention = [&](PassTime attention) {
    attention += dense;
    return with_host(on_gpu(attention, graph) * stages, whole);
  };
  // The kinks where the host's work or its launches stop hiding the GPU's are smoothed away within a segment.
  const Seconds low = with_attention(segment.low), high = with_attention(segment.high);
  const Seconds slope = (high - low) / ((segment.end() - segment.from) * stages);
  return {.fixed = low - slope * segment.from * stages, .per_token = slope, .until_context = segment.to * stages};
}

// As dense() puts it together.
ExchangeUses IterationCost::exchanges(const Batch& batch) const {
  const Implementation& cost = *implementation_;
  const double stages = cost.options.plan.pp, drafted = cost.options.speculative_tokens;
  const bool decodes_only = batch.prefill_tokens <= 0;
  const Batch part = cost.micro_batch(decodes_only ? cost.decoding(batch.decode_sequences, batch.decode_context, {}) : batch);
  const double sequences = cost.in_graph(batch) ? cost.padded(part.decode_sequences) : part.decode_sequences;
  ExchangeUses uses{};
  cost.passes.add_exchanges(sequences * cost.tokens_each() + part.prefill_tokens, part.engine_tokens, part.sampled,
                            stages, uses);
  if (!cost.drafts) return uses;
  cost.drafts->add_exchanges(sequences, 0, sequences, stages * drafted, uses);
  cost.drafts->add_exchanges(part.prefill_tokens, 0, 0, stages, uses);
  return uses;
}

const ExchangeShape* IterationCost::shape(model::Exchange exchange, Bytes bytes) const {
  return implementation_->exchanges.shape(exchange, bytes);
}

std::vector<std::pair<std::string, Seconds>> IterationCost::breakdown(const Batch& batch) const {
  const Implementation& cost = *implementation_;
  std::map<std::string, Seconds> parts;
  const Batch part = cost.micro_batch(batch);
  const double group_tokens = part.engine_tokens > 0 ? part.engine_tokens : part.tokens() * cost.options.plan.dp;
  const auto add = [&](const Pass& pass, double stages) {
    for (const model::RepeatedOperator& entry : pass.operators) {
      parts[std::string(entry.op.name)] += hardware::operator_cost(entry.op, cost.gpu).time * entry.times * stages *
                                           (cost.options.software.kernel_factor / cost.speed);
    }
    for (const model::RepeatedExchange& entry : pass.exchanges) {
      const std::string bound = cost.exchanges.bound(entry.exchange);
      parts[std::string(entry.name) + " " + name_of(entry.exchange) + (bound.empty() ? "" : " over " + bound)] +=
          cost.exchanges.time(entry.exchange, entry.bytes) * entry.times * stages;
    }
  };
  const double stages = cost.options.plan.pp;
  add(token_pass(cost.passes.model(), cost.options.plan, part.tokens(), group_tokens, part.sampled), stages);
  add(context_pass(cost.passes.model(), cost.options.plan, part), stages);
  add(cost.adapter_pass(part), stages);
  add(image_pass(cost.passes.model(), cost.options.plan, batch.images), 1);
  Seconds named;
  for (const auto& [name, time] : parts) named += time;
  if (cost.drafts) {
    const Seconds drafting = cost.drafting_time(part);
    if (drafting > Seconds{}) parts["drafting"] += drafting * stages;
    named += drafting * stages;
  }
  parts["host and gaps"] += std::max(Seconds{}, this->time(batch) - named);
  std::vector<std::pair<std::string, Seconds>> sorted(parts.begin(), parts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

Seconds IterationCost::floor(const Batch& batch) const {
  const Implementation& cost = *implementation_;
  const Batch part = cost.micro_batch(batch);
  const auto least = [&](const Pass& pass) {
    Seconds sum;
    for (const model::RepeatedOperator& entry : pass.operators) {
      sum += hardware::operator_floor(entry.op, cost.gpu) * entry.times;
    }
    return sum;
  };
  const Seconds stage = least(token_pass(cost.passes.model(), cost.options.plan, part.tokens(),
                                         part.tokens() * cost.options.plan.dp, part.sampled)) +
                        least(context_pass(cost.passes.model(), cost.options.plan, part)) +
                        least(cost.adapter_pass(part));
  return stage * cost.options.plan.pp + least(image_pass(cost.passes.model(), cost.options.plan, batch.images));
}

}  // namespace aifsim::serving
