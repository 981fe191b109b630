#include "study/training_ways.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace aifsim::study {

TrainingWays::TrainingWays(const training::TrainingSetup& start, const std::vector<topology::NetworkChange>& changes)
    : start_(start), changes_(changes), states_(changes.size() + 1) {}

const training::TrainingSetup& TrainingWays::setup(std::size_t state) {
  if (state == 0) return start_;
  State& known = states_[state];
  if (!known.setup && !known.mistake) {
    try {
      known.setup = training::prepare(start_.job, *start_.platform, changes_[state - 1].topology, &start_.algorithms);
    } catch (const ConfigError& error) {
      known.mistake = error;
    }
  }
  if (known.mistake) throw *known.mistake;
  return *known.setup;
}

const training::StepGraph& TrainingWays::step(std::size_t state) {
  State& known = states_[state];
  if (!known.step) {
    known.step = training::build_step(setup(state), start_.job.micro_batches());
    ensure(state == 0 || known.step->flow_of_path.size() == step(0).flow_of_path.size(),
           "the same algorithms make the same flows in every state of the network");
  }
  return *known.step;
}

void TrainingWays::use_step_of(std::size_t state) {
  base_ = state;
  for (State& known : states_) known.paths.clear();
}

bool TrainingWays::job_crosses(std::size_t state, const std::vector<bool>& channels) {
  const std::size_t paths = step(state).flow_of_path.size();
  for (std::size_t path = 0; path < paths; ++path) {
    if (crosses(state, PathId{path}, channels)) return true;
  }
  return false;
}

bool TrainingWays::crosses(std::size_t state, PathId path, const std::vector<bool>& channels) {
  const collective::ChannelLoads* loads = step(state).flow_of_path[path.index()]->everyone.get();
  const auto [known, added] = crosses_.try_emplace(loads, false);
  if (added) {
    known->second = std::ranges::any_of(
        *loads, [&](const collective::ChannelLoad& load) { return channels[load.channel.index()]; });
  }
  return known->second;
}

// A simulated flow keeps its bytes; how often it takes each channel makes up for a slowest rank that sends others.
Ways::Way TrainingWays::way(std::size_t state, PathId path) {
  const collective::PhaseFlow& flow = *step(state).flow_of_path[path.index()];
  const auto [known, added] = states_[state].paths.try_emplace(path.index());
  if (added) {
    const Bytes bytes = step(base_).flow_of_path[path.index()]->bytes;
    const double times = bytes > Bytes{} ? flow.bytes / bytes : 1.0;
    for (const ChannelUse& use : flow.path) known->second.push_back({use.channel, use.multiplicity * times});
  }
  return {.path = known->second, .latency = {}};
}

}  // namespace aifsim::study
