// The engines of a deployment as the KV tiers know them.
#pragma once

#include <vector>

#include "serving/kv_tiers.hpp"
#include "serving/service.hpp"

namespace aifsim::serving {

// GPUs of one attention group, of all stages. Engines are in rank order: pipeline stage, then attention group, then
// tensor rank.
[[nodiscard]] std::vector<DeviceId> attention_group(const Deployment::Engine& engine, std::size_t group);
// One for each replica; those that only decode have no attention groups: their caches come by transfer.
[[nodiscard]] std::vector<KvTierEngine> kv_tier_engines(const Deployment& deployment);

}  // namespace aifsim::serving
