// The `lora:` map of an engine.
#pragma once

#include "config/node.hpp"
#include "hardware/platform.hpp"
#include "serving/engine.hpp"

namespace aifsim::serving {

// Over an engine whose plan has been read. Problems go to the document; without a platform (nullptr) the file alone is
// checked.
void read_adapters(const config::Node& node, const model::ModelSpec& model, const hardware::Platform* platform,
                   EngineOptions& options);

}  // namespace aifsim::serving
