#include "serving/adapter_engines.hpp"

namespace aifsim::serving {

std::vector<AdapterEngine> adapter_engines(const Deployment& deployment) {
  const model::ModelSpec& model = deployment.job->model;
  std::vector<AdapterEngine> engines;
  for (const Deployment::Engine& engine : deployment.engines) {
    AdapterEngine& served = engines.emplace_back();
    const EngineOptions& options = engine.pool->engine;
    if (options.adapters.slots == 0) continue;
    const StartUpPlan& start_up = engine.pool->start_up;
    served.gpus = engine.gpus;
    served.each = model::adapter_bytes(model, options.plan);
    served.file = model::adapter_bytes(model, {.adapter = options.plan.adapter});
    if (!options.adapters.all_in_host) served.host = static_cast<std::size_t>(options.adapters.host);
    served.storage = start_up.storage > BytesPerSecond{} ? start_up.storage : start_up.usual_storage;
  }
  return engines;
}

}  // namespace aifsim::serving
