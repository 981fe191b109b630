// Simulates one row of a table and scores its published figures.
#pragma once

#include <vector>

#include "study/table.hpp"
#include "study/validate.hpp"

namespace aifsim::study {

enum class TableKind { training, collectives, inference, mlperf };
[[nodiscard]] TableKind kind_of(const Table& table);  // ConfigError when the header is none of ours

// The published figures of a row, with no simulated value yet. A row that publishes none gives none.
[[nodiscard]] std::vector<RowResult> published(TableKind kind, const Table::Row& row);

// Fills in `results` (as `published` gave them). Never throws for what a row says: that becomes status and reason.
void simulate_row(TableKind kind, const Table::Row& row, std::vector<RowResult>& results);

}  // namespace aifsim::study
