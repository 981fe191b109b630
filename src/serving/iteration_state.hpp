// The inside of an iteration's cost. Its functions are in iteration_cost.cpp (time) and iteration_breakdown.cpp (what
// it is made of).
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "serving/engine_kernels.hpp"
#include "serving/image_cost.hpp"
#include "serving/iteration_cost.hpp"
#include "serving/pass_cost.hpp"
#include "topology/node_of.hpp"

namespace aifsim::serving {

// What drafts tokens: the model's own prediction layer, else a head of one of its layers (as EAGLE's is).
[[nodiscard]] inline model::ModelSpec drafter(const model::ModelSpec& model) {
  model::ModelSpec draft = draft_model(model);
  if (draft.layers > 0) return draft;
  draft = model;
  draft.layers = 1;
  return draft;
}

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
  [[nodiscard]] model::Batch decoding(double sequences, double context, const AdapterLoad& adapters) const {
    model::Batch batch;
    batch.adapter_tokens = adapters.tokens;
    batch.adapters = adapters.adapters;
    batch.decode_sequences = sequences;
    batch.decode_tokens = batch.sampled = sequences * tokens_each();
    batch.decode_context = context;
    return batch;
  }

  [[nodiscard]] static AdapterLoad adapters_of(const model::Batch& batch) {
    return {.tokens = batch.adapter_tokens, .adapters = batch.adapters};
  }
  [[nodiscard]] static model::Batch drafting(model::Batch batch) {
    batch.decode_tokens = batch.decode_sequences;
    return batch;
  }

  // A CUDA graph of the next captured size covers the batch, or the host launches every kernel.
  [[nodiscard]] bool in_graph(const model::Batch& batch) const {
    return batch.prefill_tokens <= 0 && batch.decode_sequences <= options.software.graph_batch;
  }
  [[nodiscard]] double padded(double sequences) const {
    const std::vector<int>& sizes = options.software.graph_sizes;
    const auto next = std::lower_bound(sizes.begin(), sizes.end(), sequences - 1e-9);
    return next == sizes.end() ? sequences : *next;
  }
  // Of one pipeline stage: an equal share of the batch.
  [[nodiscard]] model::Batch micro_batch(model::Batch batch) const {
    const double share = 1.0 / options.plan.pp;
    for (double* value : {&batch.decode_sequences, &batch.decode_tokens, &batch.decode_context,
                          &batch.prefill_sequences, &batch.prefill_tokens, &batch.prefill_context, &batch.prefill_pairs,
                          &batch.sampled, &batch.engine_tokens, &batch.adapter_tokens}) {
      *value *= share;
    }
    // Each share of the batch has all adapters, as far as it has tokens for them.
    batch.adapters = std::min(batch.adapters, std::ceil(batch.adapter_tokens));
    return batch;
  }

  [[nodiscard]] model::Pass adapter_pass(const model::Batch& batch) const {
    return model::adapter_pass(passes.model(), options.plan, batch.adapter_tokens, batch.adapters);
  }
  [[nodiscard]] Seconds drafting_time(const model::Batch& batch) const {
    if (batch.decode_sequences <= 0) return {};
    PassTime draft = drafts->body(batch.decode_sequences);
    draft += drafts->head(batch.decode_sequences);
    draft += drafts->decode_beside_prompts(drafting(batch));
    return on_gpu(draft, true) * options.speculative_tokens;
  }
  // All but the attention of decoding sequences.
  [[nodiscard]] PassTime dense(const model::Batch& batch, bool graph) const {
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
  [[nodiscard]] Seconds encoding(const model::Batch& batch) const {
    return batch.images.patches > 0 ? on_gpu(images.time(batch.images), false) : Seconds{};
  }
  [[nodiscard]] Seconds with_host(Seconds gpu_time, const model::Batch& batch) const {
    const EngineSoftware& software = options.software;
    const Seconds work =
        software.per_sequence * batch.decode_sequences + software.per_prefill * batch.prefill_sequences;
    return software.step + (software.overlaps_scheduling ? std::max(gpu_time, work) : gpu_time + work);
  }
  // `longer`: what the exchanges of all stages take beside their own time.
  [[nodiscard]] Seconds with_prefill(const model::Batch& batch, Seconds longer) const {
    const model::Batch part = micro_batch(batch);
    PassTime pass = dense(part, false);
    pass.exchanges += longer / options.plan.pp;
    pass += passes.decode_beside_prompts(part);
    if (drafts) pass += drafts->decode_beside_prompts(drafting(part)) * options.speculative_tokens;
    return with_host(on_gpu(pass, false) * options.plan.pp + encoding(batch), batch);
  }
  [[nodiscard]] DecodeLine line(int sequences, double context, const AdapterLoad& adapters, Seconds longer) const;
  [[nodiscard]] Seconds time(const model::Batch& batch, Seconds longer) const {
    if (batch.prefill_tokens > 0 || batch.decode_sequences <= 0) return with_prefill(batch, longer);
    const DecodeLine decodes =
        line(static_cast<int>(std::lround(batch.decode_sequences)), batch.decode_context, adapters_of(batch), longer);
    return decodes.fixed + decodes.per_token * batch.decode_context;
  }
};

}  // namespace aifsim::serving
