// One training step of one representative rank per pipeline stage, as a TaskGraph.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "task/task_graph.hpp"
#include "training/setup.hpp"

namespace aifsim::training {

struct StepGraph {
  task::TaskGraph graph;
  // By PathId: the collective's flow that uses the path. What all ranks carry is known from it (the setup keeps it).
  std::vector<const collective::PhaseFlow*> flow_of_path;
  // For compute tasks' labels: what share of the time each operator class takes.
  std::map<std::string, std::vector<std::pair<std::string, double>>> composition;
};

// A step of `micro_batches` micro-batches (the job's own number, or fewer: a step's time is linear in the number once
// the pipeline is full, see study/training_run).
[[nodiscard]] StepGraph build_step(const TrainingSetup& setup, int micro_batches);

}  // namespace aifsim::training
