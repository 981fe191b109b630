// Published training steps against simulated ones: tests/validation/training.csv, dense pre-training rows that state
// everything a simulator needs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "study/table.hpp"
#include "study/validate.hpp"

namespace aifsim::study {
namespace {

const char* const table_file = "tests/validation/training.csv";

struct Spread {
  std::size_t rows = 0;
  std::size_t scored = 0;
  double median = 0, p90 = 0, bias = 0;
};

// The value at or just above the share: no interpolation, so that one row more or less moves it by one row.
double quantile(std::vector<double> sizes, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sizes.size()))) - 1;
  std::nth_element(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(rank), sizes.end());
  return sizes[rank];
}

Spread spread_of(const std::vector<const RowResult*>& rows) {
  Spread spread{.rows = rows.size()};
  std::vector<double> sizes;
  double sum = 0;
  for (const RowResult* row : rows) {
    if (row->status != RowStatus::ok) continue;
    sizes.push_back(std::abs(row->error));
    sum += row->error;
  }
  spread.scored = sizes.size();
  if (sizes.empty()) return spread;
  spread.median = quantile(sizes, 0.5);
  spread.p90 = quantile(sizes, 0.9);
  spread.bias = sum / static_cast<double>(sizes.size());
  return spread;
}

// What a constant of one framework or GPU would move together.
std::string family_of(const Table::Row& row) {
  const std::string& framework = row.text("framework");
  return framework.substr(0, framework.find(' ')) + " on " + row.text("gpu");
}

// What the project promises (`asked`), and what it had when the bound was last set, with a margin (`regression`): a
// change that crosses the second has made the simulator worse and must say why.
struct Bounds {
  const char* why;
  double scored, median, p90, bias;
};
constexpr Bounds asked{"asked for", 0.90, 0.12, 0.30, 0.06};
constexpr Bounds regression{"regression", 1.00, 0.05, 0.13, 0.03};  // measured: 100 %, 3.4 %, 10.2 %, +1.8 %

void expect_within(const Spread& all, const Bounds& bounds) {
  SCOPED_TRACE(bounds.why);
  EXPECT_GE(static_cast<double>(all.scored), bounds.scored * static_cast<double>(all.rows));
  EXPECT_LE(all.median, bounds.median);
  EXPECT_LE(all.p90, bounds.p90);
  EXPECT_LE(std::abs(all.bias), bounds.bias);
}

// One test for everything, since every test is a process of its own and the rows take seconds.
TEST(Validation, dense_pretraining_rows_stay_within_bounds) {
  const Table table = Table::load(table_file);
  ASSERT_EQ(table.size(), 246U) << "rows are added with a new bound, and never dropped";
  std::map<std::string, std::string> family_of_id;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Table::Row row = table.row(i);
    EXPECT_FALSE(row.empty("source")) << row.text("id");
    EXPECT_EQ(row.text("reproducible"), "yes") << row.text("id");
    EXPECT_TRUE(family_of_id.emplace(row.text("id"), family_of(row)).second) << row.text("id") << " twice";
  }

  const Validation validation = validate({.tables = {table_file}, .jobs = 2});
  ASSERT_EQ(validation.rows.size(), table.size()) << "each row publishes one figure that is scored";
  std::vector<const RowResult*> all;
  std::map<std::string, std::vector<const RowResult*>> families;
  for (const RowResult& row : validation.rows) {
    all.push_back(&row);
    families[family_of_id.at(row.id)].push_back(&row);
    EXPECT_EQ(row.status, RowStatus::ok) << row.id << ": " << row.reason;
    if (row.status == RowStatus::ok) {
      EXPECT_NEAR(row.error, row.simulated / row.measured - 1, 1e-9) << row.id;
      EXPECT_LE(std::abs(row.error), 0.5) << row.id << ": a regression bound; the worst was T0167 with 42 %";
    }
  }
  expect_within(spread_of(all), asked);
  expect_within(spread_of(all), regression);
  // A regression bound for each family too: one that drifts away must not hide behind the 123 rows of llm-foundry.
  for (const auto& [family, rows] : families) {
    EXPECT_LE(spread_of(rows).median, 0.12) << family << ", " << rows.size() << " rows";
  }
}

}  // namespace
}  // namespace aifsim::study
