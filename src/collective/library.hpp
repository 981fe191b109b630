// What a communication library's kernels and protocols cost: platforms/catalog/libraries as plain data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "hardware/gpu_spec.hpp"

namespace aifsim::collective {

// One way to move data: LL trades bandwidth for latency, Simple the other way round.
struct Protocol {
  std::string name;
  Seconds setup;     // beside the launch, once
  Seconds per_rank;  // of setup
  Seconds step;      // one step between GPUs of a domain that nothing hides
  double rate = 1;   // of the GPU's NVLink bandwidth in one direction
};

// The same protocol between domains.
struct NetworkProtocol {
  std::string name;
  Seconds hop;         // software's part of a step
  Bytes chunk;         // the most that a tree's node takes in before it hands it on
  double payload = 1;  // of what the network carries
};

// A fabric with its plug-in: InfiniBand verbs, EFA, Slingshot, ….
struct Transport {
  std::string name;
  std::vector<std::string> nics;  // names in platforms/catalog/nics; none: every NIC that no other row names
  double efficiency = 1;          // of the slowest link between domains
  double tree_efficiency = 1;     // of trees, beside it
  // Cutting b bytes into chunks, so that hops overlap, costs each hop the time of sqrt(b * ramp) bytes: more of smaller
  // chunks pay the plug-in's overhead more often, fewer of larger ones wait longer. Absent: no overhead.
  std::optional<Bytes> ramp;
  std::vector<NetworkProtocol> protocols;
  // A protocol that the network does not name travels like the last one that it does.
  [[nodiscard]] const NetworkProtocol& protocol(std::string_view protocol_name) const;
  // The wait of one hop, in bytes of the NIC that sends `bytes`: at most a chunk.
  [[nodiscard]] Bytes held_back(Bytes bytes, const NetworkProtocol& protocol) const;
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
  Method ring;  // no protocols: the library has none
  Method direct;
  std::optional<Method> nvls;
};

// Reductions in the switches between domains (SHARP), through a plug-in.
struct CollNet {
  std::vector<std::string> switches;  // names in platforms/catalog/switches that reduce
  Transport transport;                // a hop: the whole trip up the aggregation tree and down again
  [[nodiscard]] bool reduces(std::string_view name) const;
};

struct Library {
  std::vector<Transport> transports;  // the first: what no other row names
  double tree_domain_efficiency = 1;  // of a ring's NVLink rate, for a tree's chains within domains
  std::optional<CollNet> collnet;
  std::vector<Architecture> architectures;  // oldest first
  // The row of the GPU's architecture; the newest for one that has none.
  [[nodiscard]] const Architecture& architecture_of(const hardware::GpuSpec& gpu) const;
  [[nodiscard]] const Transport& transport_of(std::string_view nic) const;
};

[[nodiscard]] Library read_library(const std::string& path);  // ConfigError
// NCCL as shipped, read once.
[[nodiscard]] const Library& nccl();
// DeepEP, for expert dispatch and combine.
[[nodiscard]] const Library& deepep();

}  // namespace aifsim::collective
