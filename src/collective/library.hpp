// What a communication library's kernels and protocols cost: platforms/catalog/libraries/nccl.yaml as plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "hardware/gpu_spec.hpp"

namespace aifsim::collective {

// One way to move data: LL trades bandwidth for latency, Simple the other way round.
struct Protocol {
  std::string name;
  Seconds setup;        // beside the launch, once
  Seconds per_rank;     // of setup
  Seconds step;         // one step between GPUs of a domain that nothing hides
  double rate = 1;      // of the GPU's NVLink bandwidth in one direction
  Seconds network_hop;  // software's part of a step between domains
  Bytes chunk;          // what a tree's node takes in before it hands it on to the network
  double payload = 1;   // of what the network carries
};

// A family of kernels.
struct Method {
  Seconds launch;
  double extra = 0;   // work beside the sends, in steps: it lowers the rate of short rings
  int min_ranks = 2;  // in one domain, for the library to consider it
  std::vector<Protocol> protocols;
};

struct Architecture {
  std::string name;
  Method ring;
  Method direct;
  std::optional<Method> nvls;
};

struct Library {
  double network_efficiency = 1;            // of the slowest link between domains
  double tree_efficiency = 1;               // of trees, beside it
  double tree_domain_efficiency = 1;        // of a ring's NVLink rate, for a tree's chains within domains
  std::vector<Architecture> architectures;  // oldest first
  // The row of the GPU's architecture; the newest for one that has none.
  [[nodiscard]] const Architecture& architecture_of(const hardware::GpuSpec& gpu) const;
};

[[nodiscard]] Library read_library(const std::string& path);  // ConfigError
// NCCL as shipped, read once.
[[nodiscard]] const Library& nccl();

}  // namespace aifsim::collective
