#include "serving/iteration_cost.hpp"

#include <cmath>

#include "serving/iteration_state.hpp"

namespace aifsim::serving {

using model::Batch;

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
  const Batch part =
      cost.micro_batch(decodes_only ? cost.decoding(batch.decode_sequences, batch.decode_context, {}) : batch);
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

}  // namespace aifsim::serving
