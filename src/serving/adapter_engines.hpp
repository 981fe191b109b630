// The engines of a deployment as the adapter store knows them.
#pragma once

#include <vector>

#include "serving/adapter_store.hpp"
#include "serving/service.hpp"

namespace aifsim::serving {

// One for each replica.
[[nodiscard]] std::vector<AdapterEngine> adapter_engines(const Deployment& deployment);

}  // namespace aifsim::serving
