// The engines of a deployment as the KV tiers know them.
#pragma once

#include <vector>

#include "serving/kv_tiers.hpp"
#include "serving/service.hpp"

namespace aifsim::serving {

// One for each replica; those that only decode have no attention groups: their caches come by transfer.
[[nodiscard]] std::vector<KvTierEngine> kv_tier_engines(const Deployment& deployment);

}  // namespace aifsim::serving
