// The three formats of a validation.
#include <fmt/printf.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "study/validate.hpp"

namespace aifsim::study {
namespace {

const char* name_of(RowStatus status) {
  switch (status) {
    case RowStatus::ok: return "ok";
    case RowStatus::unsupported: return "unsupported";
    case RowStatus::infeasible: return "infeasible";
  }
  return "";
}

void write_json(const Validation& validation, std::ostream& out) {
  nlohmann::ordered_json document;
  document["schema"] = "aifsim.validate/1";
  document["rows"] = nlohmann::ordered_json::array();
  for (const RowResult& row : validation.rows) {
    nlohmann::ordered_json entry{
        {"id", row.id}, {"metric", row.metric}, {"unit", row.unit}, {"measured", row.measured}};
    const bool scored = row.status == RowStatus::ok;
    entry["simulated"] = scored ? nlohmann::ordered_json(row.simulated) : nlohmann::ordered_json();
    entry["error"] = scored ? nlohmann::ordered_json(row.error) : nlohmann::ordered_json();
    entry["status"] = name_of(row.status);
    entry["reason"] = row.reason;
    document["rows"].push_back(std::move(entry));
  }
  for (const auto& [metric, summary] : validation.summary) {
    document["summary"][metric] = {{"scored", summary.scored},
                                   {"unsupported", summary.unsupported},
                                   {"infeasible", summary.infeasible},
                                   {"median_abs_error", summary.median_abs_error},
                                   {"p90_abs_error", summary.p90_abs_error},
                                   {"bias", summary.bias}};
  }
  out << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

void write_csv(const Validation& validation, std::ostream& out) {
  out << "id,metric,unit,measured,simulated,error,status,reason\n";
  for (const RowResult& row : validation.rows) {
    const bool scored = row.status == RowStatus::ok;
    out << csv_field(row.id) << ',' << row.metric << ',' << row.unit << ',' << fmt::sprintf("%.10g", row.measured)
        << ',' << (scored ? fmt::sprintf("%.10g", row.simulated) : "") << ','
        << (scored ? fmt::sprintf("%.6f", row.error) : "") << ',' << name_of(row.status) << ',' << csv_field(row.reason)
        << '\n';
  }
}

void write_text(const Validation& validation, std::ostream& out) {
  std::size_t id_width = 2;
  for (const RowResult& row : validation.rows) id_width = std::max(id_width, row.id.size());
  const int width = static_cast<int>(std::min<std::size_t>(id_width, 24));
  out << fmt::sprintf("%-*s  %-21s %12s %12s %8s  %s\n", width, "row", "metric", "measured", "simulated", "error",
                      "note");
  for (const RowResult& row : validation.rows) {
    out << fmt::sprintf("%-*s  %-21s %12.5g ", width, row.id.c_str(), row.metric.c_str(), row.measured);
    if (row.status == RowStatus::ok) {
      out << fmt::sprintf("%12.5g %+7.1f%%  ", row.simulated, 100 * row.error);
    } else {
      out << fmt::sprintf("%12s %8s  %s: ", "-", "-", name_of(row.status));
    }
    out << row.reason.substr(0, row.reason.find('\n')) << '\n';
  }
  out << fmt::sprintf("\n%-21s %7s %12s %11s %13s %11s %8s\n", "metric", "scored", "unsupported", "infeasible",
                      "median |err|", "p90 |err|", "bias");
  for (const auto& [metric, summary] : validation.summary) {
    out << fmt::sprintf("%-21s %7d %12d %11d %12.1f%% %10.1f%% %+7.1f%%\n", metric.c_str(), summary.scored,
                        summary.unsupported, summary.infeasible, 100 * summary.median_abs_error,
                        100 * summary.p90_abs_error, 100 * summary.bias);
  }
}

}  // namespace

void write(const Validation& validation, ValidateFormat format, std::ostream& out) {
  switch (format) {
    case ValidateFormat::text: return write_text(validation, out);
    case ValidateFormat::json: return write_json(validation, out);
    case ValidateFormat::csv: return write_csv(validation, out);
  }
}

}  // namespace aifsim::study
