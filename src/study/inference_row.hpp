// From a row of a published inference table to the platform and serving workload files a user would write for it.
#pragma once

#include <string>

#include "model/model_spec.hpp"
#include "study/row_scenario.hpp"

namespace aifsim::study {

// The precisions that a checkpoint's weights have, part by part, as `engine.precision` names them.
struct CheckpointFormats {
  std::string attention, ffn, experts, activations, kv_cache;
};

// What a published checkpoint of this precision keeps in which format. `precision` and `engine` as the tables write
// them; `gpu` decides where narrow weights are computed in a wider format.
[[nodiscard]] CheckpointFormats checkpoint_formats(const model::ModelSpec& model, const std::string& precision,
                                                   const std::string& engine, const std::string& gpu);

// The file in workloads/models/ that a table's model name means; empty when there is none.
[[nodiscard]] std::string model_file_of(const std::string& name);

[[nodiscard]] RowReading read_inference_row(const Table::Row& row);

}  // namespace aifsim::study
