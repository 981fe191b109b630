// The time of one engine iteration: operators of the actual batch on the GPU, exchanges on the fabric, host work.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "hardware/gpu_spec.hpp"
#include "model/inference.hpp"
#include "serving/engine.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

// Iterations that only decode grow with their context along a line, as long as the sequences stay the same.
struct DecodeLine {
  Seconds fixed;        // of an iteration at no context
  Seconds per_token;    // of each cached token, all sequences of the attention group together
};

class IterationCost {
 public:
  // `gpus` of the engine in rank order: pipeline stage, then attention group, then tensor rank. Exchanges are priced on
  // the fabric between exactly these, once per shape. All must outlive the cost.
  IterationCost(const model::ModelSpec& model, const EngineOptions& options, const hardware::Platform& platform,
                const topology::Topology& topology, std::vector<DeviceId> gpus);
  ~IterationCost();

  // From the start of one iteration to the start of the next, host included. All attention groups are taken to have a
  // batch like this one. Memoised by token counts; otherwise pure.
  [[nodiscard]] Seconds time(const model::Batch& batch) const;
  // decode(n).fixed + decode(n).per_token * context = time of a batch of n decoding sequences, within rounding.
  [[nodiscard]] DecodeLine decode(int sequences) const;
  // What an iteration's time is made of, largest first: operator names, exchanges ("tp all-reduce nvlink"), "host".
  // Sums to time(batch).
  [[nodiscard]] std::vector<std::pair<std::string, Seconds>> breakdown(const model::Batch& batch) const;
  // The floor: weights and cache read once at full HBM bandwidth, FLOPs at peak, whichever is longer.
  [[nodiscard]] Seconds floor(const model::Batch& batch) const;
  [[nodiscard]] const std::vector<DeviceId>& gpus() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// HBM of one GPU of the engine, by class; what is left is the KV cache's.
struct EngineMemory {
  Bytes capacity, weights, activations, context, graphs, reserve, cache;
  int cache_blocks = 0;        // of one attention group
  Bytes block_bytes;           // on one GPU
  double cache_tokens = 0;     // of one attention group
};
// OutOfMemoryError, with what would have to change, when the cache cannot hold one sequence of the longest length asked.
[[nodiscard]] EngineMemory engine_memory(const model::ModelSpec& model, const EngineOptions& options,
                                         const hardware::GpuSpec& gpu);

}  // namespace aifsim::serving
