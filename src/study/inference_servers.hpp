// How those who publish inference tables start their servers and clients: what a row's platform column says beside its
// numbers.
#pragma once

#include <string>

#include "base/quantity.hpp"
#include "model/model_spec.hpp"
#include "study/inference_row.hpp"
#include "study/table.hpp"

namespace aifsim::study {

// How the GPUs of one worker share the model.
struct Layout {
  int tp = 1, dp = 1, ep = 1, moe_tp = 1;
  [[nodiscard]] int gpus() const { return tp * dp; }
};

// The file in workloads/engines/ that a table's engine name means; empty when there is none.
[[nodiscard]] std::string engine_file(const std::string& engine);

[[nodiscard]] bool is_inferencex(const Table::Row& row);

// Lengths are uniform between this share of the stated ones and all of them; empty: they are the stated ones.
[[nodiscard]] std::string range_ratio(const Table::Row& row);

// More entries of the `engine:` map, each after a comma.
[[nodiscard]] std::string server_options(const Table::Row& row, const model::ModelSpec& model, const Layout& layout,
                                         const CheckpointFormats& formats, Bytes gpu_memory);

}  // namespace aifsim::study
