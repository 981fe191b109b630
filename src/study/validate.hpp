// Measured against simulated: runs the rows of published tables and says how far off they are.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace aifsim::study {

enum class ValidateFormat { text, json, csv };

struct ValidateOptions {
  std::vector<std::string> tables;  // CSV files; the header tells the kind
  std::vector<std::string> where;   // "column=glob": rows must match all
  int jobs = 0;                     // processes at a time; 0 = one per core
  ValidateFormat format = ValidateFormat::text;
  bool progress = false;  // a line on stderr, for terminals
};

enum class RowStatus { ok, unsupported, infeasible };

// One published figure of one row.
struct RowResult {
  std::string id;
  std::string metric;  // "tokens_per_s_per_gpu", "step_time_s", "tflops_per_gpu", "time_us", …
  std::string unit;
  double measured = 0;
  double simulated = 0;  // 0 unless ok
  double error = 0;      // simulated / measured - 1
  RowStatus status = RowStatus::unsupported;
  std::string reason;  // why not ok; for ok rows, what was assumed
};

struct MetricSummary {
  int scored = 0, unsupported = 0, infeasible = 0;
  double median_abs_error = 0, p90_abs_error = 0, bias = 0;  // bias: mean of the signed errors
};

struct Validation {
  std::vector<RowResult> rows;  // in the order of the tables
  std::map<std::string, MetricSummary> summary;
};

// Each row runs in a process of its own. ConfigError for a table that cannot be read or a --where that names no column.
[[nodiscard]] Validation validate(const ValidateOptions& options);
[[nodiscard]] std::map<std::string, MetricSummary> summarise(const std::vector<RowResult>& rows);
void write(const Validation& validation, ValidateFormat format, std::ostream& out);

}  // namespace aifsim::study
