// Packaged services: a model with an engine for each GPU that it is built for, as NVIDIA NIM ships them.
#pragma once

#include <string>
#include <vector>

#include "config/node.hpp"
#include "hardware/platform.hpp"
#include "model/model_spec.hpp"
#include "serving/engine.hpp"
#include "serving/start_up.hpp"

namespace aifsim::serving {

struct PackagedEngine {
  std::string title;  // package and profile, for the report
  model::ModelSpec model;
  EngineOptions engine;
  StartUpPlan start_up;
};

// `package: NAME`, or {name, precision, tp, for: throughput|latency}: the first profile for the platform's GPU that is
// like that and fits on it. Without a platform (nullptr), the first one like that. Problems go to the document.
[[nodiscard]] PackagedEngine read_package(const config::Node& node, const hardware::Platform* platform);

// A file of workloads/nims.
void read_package_file(const config::Document& document);

struct PackageEntry {
  std::string name;
  std::string summary;
};
[[nodiscard]] std::vector<PackageEntry> list_packages();

}  // namespace aifsim::serving
