// One training job simulated: a step executed, and read.
#pragma once

#include "metrics/run_report.hpp"
#include "task/executor.hpp"
#include "training/setup.hpp"

namespace aifsim::study {

struct TrainingResult {
  metrics::JobReport job;
  std::vector<metrics::ChannelUsage> channels;
  std::vector<std::string> notes;  // validity
};

// A step of many micro-batches is periodic once the pipeline is full: two short steps, one pipeline group apart, are
// executed one after the other, and every additive figure (time, blame, bytes) is continued along the line through
// them. Steps that are short anyway are executed whole.
[[nodiscard]] TrainingResult simulate_training(const training::TrainingSetup& setup, task::Executor& executor);

// The same with every micro-batch executed (the reference that a law test compares with).
[[nodiscard]] TrainingResult simulate_whole_training(const training::TrainingSetup& setup, task::Executor& executor);

}  // namespace aifsim::study
