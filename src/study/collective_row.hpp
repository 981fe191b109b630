// A row of a collectives table as a platform and a collective on it.
#pragma once

#include <optional>
#include <string>

#include "collective/collective.hpp"
#include "study/table.hpp"

namespace aifsim::study {

struct CollectiveScenario {
  std::string platform;  // YAML
  collective::Operation operation = collective::Operation::all_reduce;
  std::string algorithm = "auto";
  Bytes bytes;
  int ranks = 0;
  int ranks_per_domain = 0;
  BytesPerSecond nic;   // of one GPU, where the row states it; else 0: the catalogue's
  std::string assumed;  // what the row leaves open and was filled in
};

// Either a scenario or the reason why there is none.
struct CollectiveReading {
  std::optional<CollectiveScenario> scenario;
  std::string reason;
};

[[nodiscard]] CollectiveReading read_collective_row(const Table::Row& row);

// What nccl-tests would print as time. ConfigError for a platform that cannot be built.
[[nodiscard]] Seconds simulate_collective(const CollectiveScenario& scenario, const std::string& name);

}  // namespace aifsim::study
