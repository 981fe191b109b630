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
#include "serving/iteration_pricer.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {

class IterationCost final : public IterationPricer {
 public:
  // `gpus` of the engine in rank order: pipeline stage, then attention group, then tensor rank. Exchanges are priced on
  // the fabric between exactly these, once per shape. All must outlive the cost.
  IterationCost(const model::ModelSpec& model, const EngineOptions& options, const hardware::Platform& platform,
                const topology::Topology& topology, std::vector<DeviceId> gpus);
  ~IterationCost() override;

  // Memoised by token counts; otherwise pure.
  [[nodiscard]] Seconds time(const model::Batch& batch) const override;
  [[nodiscard]] DecodeLine decode(int sequences, double context, const AdapterLoad& adapters) const override;
  [[nodiscard]] ExchangeUses exchanges(const model::Batch& batch) const override;
  [[nodiscard]] const ExchangeShape* shape(model::Exchange exchange, Bytes bytes) const override;
  [[nodiscard]] Seconds slowed(const model::Batch& batch, Seconds longer) const override;
  // What an iteration's time is made of, largest first: operator names, exchanges with the channel that bounds them,
  // the host. Sums to time(batch).
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
  Bytes capacity, weights, adapters, activations, context, graphs, reserve, cache;
  Bytes encoder_cache;                    // tokens of images, until the language model has seen them
  int cache_blocks = 0;                   // of one attention group
  Bytes block_bytes;                      // on one GPU
  double cache_tokens = 0;                // of one attention group
  std::vector<model::CacheGroup> groups;  // what a sequence takes; empty: blocks that grow with its length alone
};
// OutOfMemoryError, with what would have to change, when the cache cannot hold one sequence of the longest length
// asked.
[[nodiscard]] EngineMemory engine_memory(const model::ModelSpec& model, const EngineOptions& options,
                                         const hardware::GpuSpec& gpu);

}  // namespace aifsim::serving
