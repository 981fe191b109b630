// Engines that encode images: the `vision:` map of an engine, and whether a job needs an encoder at all.
#pragma once

#include "config/node.hpp"
#include "serving/engine.hpp"
#include "serving/job.hpp"

namespace aifsim::serving {

void read_engine_vision(const config::Node& node, const model::ModelSpec& model, EngineOptions& options);

// Once the job's requests are read: a model that cannot see gets no images (a problem at what brings them), and an
// encoder that nobody needs is not loaded (vLLM's --language-model-only). `root` is the workload's.
void settle_vision(const config::Node& root, ServingJob& job);

}  // namespace aifsim::serving
