// Lays down the tasks of one unit's pass: compute, the collectives in its way, those beside it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "training/circuit_schedule.hpp"
#include "training/step_graph.hpp"

namespace aifsim::training {

// Every function adds tasks that start after `after` and gives what ends them; `after` itself when there is nothing to
// do.
class PassTasks {
 public:
  PassTasks(const TrainingSetup& setup, StepGraph& step)
      : setup_(setup), job_(setup.job), step_(step), circuits_(*setup.topology, step) {}

  // `times` runs of a collective, one after the other, as one: each phase's flows together, then the next phase.
  Tasks collective(const collective::CollectivePlan& plan, double times, const std::string& cause, const Sender& sender,
                   const Tasks& after);
  // Exposed collectives, compute alone, then compute with communication beside it.
  Tasks pass(const PassCost& cost, const std::string& text, const StagePlans& plans, const Tasks& after);
  [[nodiscard]] CircuitSchedule& circuits() { return circuits_; }
  // Activations on their way to host memory or back, on the copy engine beside the unit's compute; empty without
  // offload.
  Tasks offload(const PlacedUnit& unit, DeviceId gpu, const Tasks& after);

 private:
  Tasks compute(const Composition& composition, const std::string& text, DeviceId gpu, const Tasks& after);
  PathId path_of(const collective::PhaseFlow& flow);

  const TrainingSetup& setup_;
  const TrainingJob& job_;
  StepGraph& step_;
  CircuitSchedule circuits_;
  std::map<const collective::PhaseFlow*, PathId> paths_;
};

// "compute:forward 2 layers+head": a label's text for one unit's pass; `phase` is forward, backward or recompute.
[[nodiscard]] std::string unit_text(const UnitShape& shape, const char* phase);

}  // namespace aifsim::training
