#include "study/validate.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <thread>

#include "base/error.hpp"
#include "study/row_worker.hpp"
#include "study/scoring.hpp"

namespace aifsim::study {
namespace {

struct Filter {
  std::string column;
  std::string pattern;
};

std::vector<Filter> parse_filters(const std::vector<std::string>& where) {
  std::vector<Filter> filters;
  for (const std::string& text : where) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw ConfigError(
          Problem{.file = "", .key = "--where", .expected = "column=glob", .got = '"' + text + '"', .hint = ""});
    }
    filters.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return filters;
}

bool matches(const Table::Row& row, const std::vector<Filter>& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) {
    return ::fnmatch(filter.pattern.c_str(), row.text(filter.column).c_str(), 0) == 0;
  });
}

struct RowToRun {
  const Table* table;
  TableKind kind;
  std::size_t row;
  std::vector<RowResult> results;  // one for each published figure
};

nlohmann::json to_json(const std::vector<RowResult>& results) {
  nlohmann::json list = nlohmann::json::array();
  for (const RowResult& result : results) {
    list.push_back({result.simulated, result.error, static_cast<int>(result.status), result.reason});
  }
  return list;
}

// A table may hold bytes that are not UTF-8; they must not stop its other rows.
std::string text_of(const std::vector<RowResult>& results) {
  return to_json(results).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void from_json(const std::string& text, std::vector<RowResult>& results) {
  const nlohmann::json list = nlohmann::json::parse(text);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].simulated = list[i][0].get<double>();
    results[i].error = list[i][1].get<double>();
    results[i].status = static_cast<RowStatus>(list[i][2].get<int>());
    results[i].reason = list[i][3].get<std::string>();
  }
}

std::string run_row(RowToRun row) {
  try {
    simulate_row(row.kind, row.table->row(row.row), row.results);
  } catch (const std::exception& error) {
    for (RowResult& result : row.results) result.reason = std::string("internal error: ") + error.what();
  }
  return text_of(row.results);
}

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double position = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (position - static_cast<double>(below));
}

void show_progress(bool wanted, std::size_t done, std::size_t count) {
  if (!wanted) return;
  std::fprintf(stderr, "\r%zu of %zu rows%s", done, count, done == count ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace

Validation validate(const ValidateOptions& options) {
  std::vector<Table> tables;
  for (const std::string& file : options.tables) tables.push_back(Table::load(file));
  const std::vector<Filter> filters = parse_filters(options.where);
  std::vector<RowToRun> rows;
  for (const Table& table : tables) {
    const TableKind kind = kind_of(table);
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (matches(table.row(i), filters)) rows.push_back({&table, kind, i, published(kind, table.row(i))});
    }
  }
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto texts = run_in_processes(
      rows.size(), options.jobs > 0 ? options.jobs : cores, [&](std::size_t i) { return run_row(rows[i]); },
      [&](std::size_t i, int status) {
        auto results = rows[i].results;
        for (RowResult& result : results)
          result.reason = "internal error: the row's process ended with " + std::to_string(status);
        return text_of(results);
      },
      [&](std::size_t done) { show_progress(options.progress, done, rows.size()); });
  Validation validation;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    from_json(texts[i], rows[i].results);
    validation.rows.insert(validation.rows.end(), rows[i].results.begin(), rows[i].results.end());
  }
  validation.summary = summarise(validation.rows);
  return validation;
}

std::map<std::string, MetricSummary> summarise(const std::vector<RowResult>& rows) {
  std::map<std::string, MetricSummary> summaries;
  std::map<std::string, std::vector<double>> errors;
  for (const RowResult& row : rows) {
    MetricSummary& summary = summaries[row.metric];
    switch (row.status) {
      case RowStatus::ok:
        ++summary.scored;
        errors[row.metric].push_back(row.error);
        break;
      case RowStatus::unsupported: ++summary.unsupported; break;
      case RowStatus::infeasible: ++summary.infeasible; break;
    }
  }
  for (auto& [metric, signed_errors] : errors) {
    std::vector<double> sizes;
    for (const double error : signed_errors) sizes.push_back(std::abs(error));
    summaries[metric].median_abs_error = quantile(sizes, 0.5);
    summaries[metric].p90_abs_error = quantile(sizes, 0.9);
    summaries[metric].bias =
        std::accumulate(signed_errors.begin(), signed_errors.end(), 0.0) / static_cast<double>(signed_errors.size());
  }
  return summaries;
}

}  // namespace aifsim::study
