// A training job on a platform, both from YAML text: what tests of steps start from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hardware/platform.hpp"
#include "task/ideal_executor.hpp"
#include "topology/fabric.hpp"
#include "training/job.hpp"
#include "training/setup.hpp"

namespace aifsim::test {

inline hardware::Platform platform_of(const std::string& yaml) {
  const config::Document document = config::Document::parse(yaml, "platform.yaml");
  hardware::Platform platform = hardware::read_platform(document);
  document.check();
  return platform;
}

// `platform` may be nullptr: the file alone.
inline training::TrainingJob job_of(const std::string& yaml, const hardware::Platform* platform) {
  const config::Document document = config::Document::parse(yaml, "workload.yaml");
  training::TrainingJob job = training::read_training_job(document, platform);
  document.check();
  return job;
}

inline std::unique_ptr<task::Executor> ideal_executor(const topology::Fabric& fabric) {
  std::vector<BytesPerSecond> capacity;
  for (const topology::Channel& channel : fabric.channels()) capacity.push_back(channel.capacity);
  return task::make_ideal_executor(std::move(capacity));
}

// Setups point into their case, so a case stays where it is.
struct JobCase {
  JobCase(const std::string& platform_yaml, const std::string& workload_yaml)
      : platform(platform_of(platform_yaml)),
        topology(topology::build(platform)),
        job(job_of(workload_yaml, &platform)) {}
  JobCase(const JobCase&) = delete;
  JobCase& operator=(const JobCase&) = delete;
  ~JobCase() = default;

  [[nodiscard]] training::TrainingSetup prepare() const { return training::prepare(job, platform, topology); }

  hardware::Platform platform;
  topology::Topology topology;
  training::TrainingJob job;
};

}  // namespace aifsim::test
