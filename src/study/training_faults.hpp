// A training run during which parts of the network die and return.
#pragma once

#include "study/training_run.hpp"
#include "topology/faults.hpp"

namespace aifsim::study {

// One steady step in some state of the network.
struct SteadyStep {
  Seconds time;
  std::string bottleneck;  // the first of its ranking
};
using MeasureSteady = std::function<SteadyStep(const training::TrainingSetup&)>;

// Steps follow each other from time 0. A step into which changes fall is executed whole, with them; the steps between
// are steady. What each change did is told, up to the last one or to the job's end.
[[nodiscard]] std::vector<metrics::FaultReport> simulate_faults(const training::TrainingSetup& start,
                                                                const std::vector<topology::NetworkChange>& changes,
                                                                const SteadyStep& before, const MeasureSteady& measure,
                                                                task::Executor& executor);

}  // namespace aifsim::study
