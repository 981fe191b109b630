// From a row of a published table to the platform and workload files a user would write for it.
#pragma once

#include <optional>
#include <string>

#include "study/table.hpp"

namespace aifsim::study {

struct RowScenario {
  std::string platform;          // YAML
  std::string workload;          // YAML
  std::string assumed;           // what the row leaves open and was filled in
  double attention_share = 0.5;  // of the attention square that the row's own TFLOP/s formula counts
};

// Either a scenario or the reason why there is none.
struct RowReading {
  std::optional<RowScenario> scenario;
  std::string reason;
};

[[nodiscard]] RowReading read_training_row(const Table::Row& row);

// Node type of the catalogue for the tables' GPU names; nothing for an unknown one.
[[nodiscard]] std::optional<std::string> node_type_of(std::string_view gpu, std::string_view platform);

}  // namespace aifsim::study
