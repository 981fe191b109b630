// A model's vision encoder: its file, its weights. Private to src/model.
#pragma once

#include "model/inference.hpp"

namespace aifsim::model {

[[nodiscard]] Vision read_vision(const config::Node& node);

// Weights by how tensor parallelism places them. Norms count; biases and learned positions (0.5 % and less) do not.
struct VisionWeights {
  double split = 0;
  double replicated = 0;  // patch embedding and norms
};
[[nodiscard]] VisionWeights vision_weights(const ModelSpec& model);
[[nodiscard]] Bytes vision_weight_bytes(const ModelSpec& model, const InferencePlan& plan);

}  // namespace aifsim::model
