// Published serving figures against simulated ones: tests/validation/inference.csv, one row for each publisher, engine,
// model and GPU, drawn without a look at how it scores.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "study/table.hpp"
#include "study/validate.hpp"

namespace aifsim::study {
namespace {

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

TEST(InferenceRows, stay_within_bounds) {
  const char* const file = "tests/validation/inference.csv";
  const Table table = Table::load(file);
  ASSERT_EQ(table.size(), 64U) << "rows are added with a new bound, and never dropped";
  for (std::size_t i = 0; i < table.size(); ++i) EXPECT_FALSE(table.row(i).empty("source")) << table.row(i).text("id");
  const Validation validation = validate({.tables = {file}, .jobs = 2});
  std::map<std::string, std::vector<double>> sizes;
  double scored = 0;
  for (const RowResult& row : validation.rows) {
    EXPECT_EQ(row.reason.find("internal error"), std::string::npos) << row.id << ": " << row.reason;
    if (row.status != RowStatus::ok) continue;
    ++scored;
    sizes[row.metric].push_back(std::abs(row.error));
  }
  EXPECT_GE(scored, 0.9 * static_cast<double>(validation.rows.size()));
  // Regression bounds, with a margin over what was measured when they were set. One row for each configuration is a
  // harder mix than all rows, of which the large families are the best understood.
  EXPECT_LE(median(sizes["output_tokens_per_s"]), 0.20);
  EXPECT_LE(median(sizes["tpot_ms"]), 0.20);
  EXPECT_LE(median(sizes["ttft_ms"]), 0.45);
}

}  // namespace
}  // namespace aifsim::study
