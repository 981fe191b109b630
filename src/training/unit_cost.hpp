// What one unit of a pipeline slot costs a rank for one micro-batch: compute by operator, collectives, bytes kept.
//
// A unit is a run of identical layers, with the embedding before it or the output head after it when the slot has them.
// Communication of gradients, parameters and activations between ranks happens at unit borders.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "hardware/gpu_spec.hpp"
#include "training/job.hpp"

namespace aifsim::training {

struct UnitShape {
  int layers = 0;
  bool embedding = false;
  bool head = false;
  bool operator==(const UnitShape&) const = default;
};

// Time by operator name, in order of first use.
using Composition = std::vector<std::pair<std::string, Seconds>>;
[[nodiscard]] Seconds total(const Composition& composition);

// Counts of the tensor- and context-parallel collectives that a pass makes, each of one activation tensor.
struct CollectiveCounts {
  double tp_all_gather = 0;
  double tp_reduce_scatter = 0;
  double cp_all_gather = 0;
  double cp_reduce_scatter = 0;
};

struct PassCost {
  Composition alone;         // compute with nothing beside it
  Composition beside_tp;     // compute that `hidden` TP collectives run beside
  Composition beside_cp;     // attention, which CP transfers run beside
  CollectiveCounts exposed;  // in the way of compute
  CollectiveCounts hidden;   // beside compute, as far as that lasts
  Flops flops;               // GEMM and attention FLOPs executed
};

struct UnitCost {
  PassCost forward;
  PassCost recompute;  // before backward; empty without recomputation
  PassCost backward;
  double parameters = 0;  // of one rank (TP share)
  Bytes activations;      // kept per micro-batch in flight
};

[[nodiscard]] UnitCost unit_cost(const TrainingJob& job, const UnitShape& unit, model::Recompute recompute,
                                 const hardware::GpuSpec& gpu);

// Compute takes `times` as long: a slow GPU.
void stretch(UnitCost& cost, double times);

// Parameters of one rank of a unit.
[[nodiscard]] double unit_parameters(const TrainingJob& job, const UnitShape& unit);

// The units of each pipeline slot (chunk x pp + stage), in model order. Sharded parameters are gathered layer by layer;
// otherwise units are as long as overlapping gradient buckets allows.
[[nodiscard]] std::vector<std::vector<UnitShape>> slot_units(const TrainingJob& job);

}  // namespace aifsim::training
