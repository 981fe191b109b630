// Engines that ship with aifsim: what their software costs, and what they do unless told otherwise.
#pragma once

#include <optional>

#include "config/node.hpp"
#include "serving/engine.hpp"

namespace aifsim::serving {

// Reads the `software:` of an engine, a name from workloads/engines/ or a map, into `options`: its costs, and its
// defaults for everything else. Problems go to the node's document.
void read_software(const config::Node& node, EngineOptions& options);
// Keys that both an engine's defaults and a user's `engine:` map may have. What they leave out stays as it is.
void read_settings(const config::Node& node, EngineOptions& options);

}  // namespace aifsim::serving
