#include "serving/kv_tier_engines.hpp"

#include <algorithm>

namespace aifsim::serving {
namespace {

// Of what grows with a sequence. (A window's blocks are written whole, too, though old ones are no longer read.)
Bytes block_bytes(const model::ModelSpec& model, const model::InferencePlan& plan, int block_tokens) {
  Bytes sum;
  for (const model::CacheGroup& group : model::cache_groups(model, plan)) sum += group.per_token;
  return sum * static_cast<double>(block_tokens);
}

Seconds recompute_time(const Deployment::Engine& engine) {
  const double tokens = engine.pool->engine.max_batched_tokens;
  return engine.cost->time({.prefill_sequences = 1,
                            .prefill_tokens = tokens,
                            .prefill_pairs = tokens * (tokens + 1) / 2,
                            .sampled = 1}) /
         tokens;
}

}  // namespace

std::vector<DeviceId> attention_group(const Deployment::Engine& engine, std::size_t group) {
  const model::InferencePlan& plan = engine.pool->engine.plan;
  const auto tp = static_cast<std::size_t>(plan.tp), groups = static_cast<std::size_t>(plan.dp);
  std::vector<DeviceId> gpus;
  for (std::size_t i = 0; i < engine.gpus.size(); ++i) {
    if (i / tp % groups == group) gpus.push_back(engine.gpus[i]);
  }
  return gpus;
}

std::vector<KvTierEngine> kv_tier_engines(const Deployment& deployment) {
  const model::ModelSpec& model = deployment.job->model;
  std::vector<KvTierEngine> engines;
  for (const Deployment::Engine& engine : deployment.engines) {
    KvTierEngine& tiered = engines.emplace_back();
    if (engine.pool->role == Role::decode) continue;
    const EngineOptions& options = engine.pool->engine;
    model::InferencePlan whole = options.plan;
    whole.tp = whole.dp = whole.pp = whole.ep = whole.moe_tp = 1;
    for (int group = 0; group < options.plan.dp; ++group) {
      tiered.groups.push_back(attention_group(engine, static_cast<std::size_t>(group)));
    }
    tiered.block_tokens = options.block_tokens;
    tiered.block = block_bytes(model, whole, options.block_tokens);
    // Of the mean stage: the fullest has at most one layer more.
    tiered.block_on_gpu = std::max(block_bytes(model, options.plan, options.block_tokens),
                                   tiered.block / static_cast<double>(tiered.groups.front().size()));
    tiered.recompute_per_token = recompute_time(engine);
  }
  return engines;
}

}  // namespace aifsim::serving
