// A training job put on a platform: ranks on GPUs, costs of every unit, plans of every collective. Immutable; step
// graphs are built from it.
#pragma once

#include <string>
#include <vector>

#include "collective/collective.hpp"
#include "hardware/platform.hpp"
#include "parallel/rank_map.hpp"
#include "topology/fabric.hpp"
#include "training/footprint.hpp"
#include "training/job.hpp"
#include "training/unit_cost.hpp"

namespace aifsim::training {

// One unit in its slot, with its costs and the collectives of its parameters.
struct PlacedUnit {
  UnitShape shape;
  UnitCost cost;
  collective::CollectivePlan gather;          // parameters: distributed optimizer and FSDP
  collective::CollectivePlan reduce;          // gradients: reduce-scatter, or all-reduce without sharding
  collective::CollectivePlan replica_reduce;  // HSDP: all-reduce of the shard between shard groups
  bool reduces = false;
  bool gathers = false;
  bool reduces_replicas = false;
};

// What one pipeline stage's representative rank works with.
struct StagePlans {
  DeviceId gpu;  // the representative
  collective::CollectivePlan tp_all_gather, tp_reduce_scatter;
  collective::CollectivePlan cp_all_gather, cp_reduce_scatter;
  collective::CollectivePlan send_forward, send_backward;  // to the next and to the previous slot's stage
};

struct TrainingSetup {
  TrainingJob job;  // with the activation plan settled
  const hardware::Platform* platform = nullptr;
  const topology::Topology* topology = nullptr;
  hardware::GpuSpec gpu;  // with the framework's kernel library
  ActivationPlan activations;
  BytesPerSecond host_link;  // GPU to host, payload
  Footprint memory;
  int gpus_per_domain = 0;
  int domains = 0;
  std::vector<StagePlans> stages;
  std::vector<std::vector<PlacedUnit>> slots;  // chunk x pp + stage
  Seconds optimizer;                           // of the fullest stage, per step
  Flops model_flops_per_step;                  // the MFU numerator, all GPUs
  Flops hardware_flops_per_step;               // executed, recomputation included, all GPUs
  std::vector<std::string> algorithms;         // of all collectives, in the order of planning
  std::vector<std::string> notes;              // assumptions and extrapolations, for the report
};

// Throws ConfigError when the job cannot be placed, OutOfMemoryError when it does not fit. `platform` and `topology`
// must outlive the result. `algorithms`: those of an earlier setup of the same job, whose communicators live on while
// the network changes; null = chosen now.
[[nodiscard]] TrainingSetup prepare(TrainingJob job, const hardware::Platform& platform,
                                    const topology::Topology& topology,
                                    const std::vector<std::string>* algorithms = nullptr);

}  // namespace aifsim::training
