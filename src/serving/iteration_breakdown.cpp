// What an iteration's time is made of, and its floor.
#include <algorithm>
#include <map>
#include <string>

#include "base/error.hpp"
#include "hardware/operator_cost.hpp"
#include "serving/iteration_state.hpp"

namespace aifsim::serving {
namespace {

using model::Batch;
using model::Pass;

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
      const std::string kind = name_of(entry.exchange);
      const std::string name = entry.name == kind ? kind : std::string(entry.name) + " " + kind;
      parts[name + (bound.empty() ? "" : " over " + bound)] +=
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
