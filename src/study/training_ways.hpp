// The ways of a training step's flows in each state of the network: what the job's collectives, with the algorithms
// their communicators were made with, take there.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>

#include "base/error.hpp"
#include "study/fault_watch.hpp"
#include "training/setup.hpp"
#include "training/step_graph.hpp"

namespace aifsim::study {

class TrainingWays final : public Ways {
 public:
  TrainingWays(const training::TrainingSetup& start, const std::vector<topology::NetworkChange>& changes);

  // ConfigError where the job cannot run in that state.
  [[nodiscard]] const training::TrainingSetup& setup(std::size_t state);
  [[nodiscard]] const training::StepGraph& step(std::size_t state);  // whole
  // Flows that are asked for carry the bytes of this state's step.
  void use_step_of(std::size_t state);
  // Does anything the job sends cross these channels?
  [[nodiscard]] bool job_crosses(std::size_t state, const std::vector<bool>& channels);

  bool crosses(std::size_t state, PathId path, const std::vector<bool>& channels) override;
  Way way(std::size_t state, PathId path) override;
  void forget() override { crosses_.clear(); }

 private:
  struct State {
    std::optional<training::TrainingSetup> setup;
    std::optional<training::StepGraph> step;
    std::optional<ConfigError> mistake;  // instead of a setup
    std::unordered_map<std::size_t, std::vector<ChannelUse>> paths;
  };
  const training::TrainingSetup& start_;
  const std::vector<topology::NetworkChange>& changes_;
  std::vector<State> states_;
  std::size_t base_ = 0;
  std::unordered_map<const collective::ChannelLoads*, bool> crosses_;
};

}  // namespace aifsim::study
