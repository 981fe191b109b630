// What it takes until a new replica serves: image, container, weights, engine.
#pragma once

#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "config/node.hpp"
#include "hardware/platform.hpp"
#include "model/model_spec.hpp"
#include "serving/engine.hpp"

namespace aifsim::serving {

// Where weights are read from, as far as the platform says what there is: node drives before shared storage.
enum class WeightSource { nearest, nvme, network };

struct StartUpPlan {
  Bytes image;                                           // to be pulled; 0: it lies on the node
  BytesPerSecond registry = units::GB / units::s * 1.0;  // assumed: a registry in the cluster, unpacking included
  Seconds container = units::s * 10.0;                   // assumed: scheduling, container start, Python imports
  WeightSource weights = WeightSource::nearest;
  BytesPerSecond storage;  // weights are read with, whoever else reads; 0: as the platform's
  BytesPerSecond usual_storage = units::GB / units::s * 5.0;  // assumed: of nodes whose drives are not known
  Seconds engine_build;                                       // of a compiled engine; 0: none, or one that lies there
  Seconds per_graph = units::s * 0.3;                         // assumed: capture of a CUDA graph for one batch size
  Seconds warm_up = units::s * 15.0;  // assumed: profiling pass, kernels from the compiler's cache
};

struct StartPhase {
  enum class Kind { image, weights, other };
  std::string name;
  Seconds time;  // when nobody else starts
  Kind kind = Kind::other;
};
struct StartUp {
  std::vector<StartPhase> phases;  // one after another
  [[nodiscard]] Seconds total() const;
};

// Reads a `start_up:` map over what the plan says already. Problems go to the document.
void read_start_up(const config::Node& node, StartUpPlan& plan, const hardware::Platform* platform);
[[nodiscard]] StartUp start_up(const StartUpPlan& plan, const model::ModelSpec& model, const EngineOptions& options,
                               const hardware::NodeSpec& node);

}  // namespace aifsim::serving
