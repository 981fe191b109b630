// A study's table as text, JSON and CSV.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "report/human.hpp"
#include "report/table.hpp"
#include "study/study_plot.hpp"
#include "study/study_table.hpp"

namespace aifsim::study {
namespace {

using Json = nlohmann::ordered_json;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string unit_of(const StudyColumn& column) {
  switch (column.relative) {
    case StudyColumn::Relative::percent: return "share";
    case StudyColumn::Relative::factor: return "ratio";
    case StudyColumn::Relative::none: break;
  }
  return column.unit;
}

std::string text_of(const Study& study, const std::vector<StudyRow>& rows) {
  constexpr std::size_t line_width = 100;
  std::vector<report::Table::Column> columns{{"case"}};
  for (std::size_t i = 0; i < study.columns.size(); ++i) {
    if (!study.columns[i].shown) continue;
    const bool text = std::any_of(rows.begin(), rows.end(), [&](const StudyRow& row) {
      return std::holds_alternative<std::string>(row.figures[i]);
    });
    columns.push_back({heading(study.columns[i]), text ? report::Align::left : report::Align::right});
  }
  report::Table table(std::move(columns));
  std::string errors;
  const std::vector<bool> listed = in_plot(study, rows);
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const StudyRow& row = rows[at];
    if (!row.error.empty()) errors += "  " + row.name + ": " + first_line(row.error) + '\n';
    if (!listed[at]) continue;
    std::vector<std::string> cells{row.name};
    for (std::size_t i = 0; i < study.columns.size(); ++i) {
      if (study.columns[i].shown) cells.push_back(shown(study.columns[i], row.figures[i]));
    }
    table.row(std::move(cells));
  }
  std::string text = study.title + '\n';
  if (!study.question.empty()) text += '\n' + report::wrapped(study.question, line_width, 0) + '\n';
  text += '\n' + table.text();
  const auto left_out = std::count(listed.begin(), listed.end(), false);
  if (left_out > 0) {
    text += fmt::format(
        "\n  {} of {} cases are in --format csv and json alone: others of their line beat them, or they are beyond its "
        "limits.\n",
        left_out, rows.size());
  }
  if (!study.baseline.empty()) text += "\n  Relative figures compare with: " + study.baseline + '\n';
  if (!errors.empty()) text += "\nFailed:\n" + errors;
  if (!study.notes.empty()) text += '\n' + report::wrapped(study.notes, line_width, 0) + '\n';
  return text;
}

Json json_of(const Figure& figure) {
  if (const auto* text = std::get_if<std::string>(&figure)) return *text;
  if (const double* number = std::get_if<double>(&figure)) return *number;
  return nullptr;
}

std::string json_of(const Study& study, const std::vector<StudyRow>& rows) {
  Json columns = Json::array();
  for (const StudyColumn& column : study.columns)
    columns.push_back({{"title", column.title}, {"unit", unit_of(column)}});
  Json list = Json::array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Json axes = Json::object();
    for (const auto& [axis, value] : study.cases[i].axes) axes[axis] = value;
    Json values = Json::object();
    for (std::size_t j = 0; j < study.columns.size(); ++j) values[study.columns[j].title] = json_of(rows[i].figures[j]);
    list.push_back({{"case", rows[i].name},
                    {"axes", axes},
                    {"error", rows[i].error.empty() ? Json() : Json(rows[i].error)},
                    {"values", values}});
  }
  const Json document{
      {"schema", "aifsim.study/1"}, {"study", study.name},      {"title", study.title}, {"question", study.question},
      {"baseline", study.baseline}, {"sources", study.sources}, {"columns", columns},   {"rows", list}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string csv_of(const Study& study, const std::vector<StudyRow>& rows) {
  std::string text = "case";
  for (const StudyColumn& column : study.columns) {
    const std::string unit = unit_of(column);
    text += ',' + csv_cell(unit.empty() ? column.title : column.title + " [" + unit + ']');
  }
  text += ",error\n";
  for (const StudyRow& row : rows) {
    text += csv_cell(row.name);
    for (const Figure& figure : row.figures) {
      text += ',';
      if (const double* number = std::get_if<double>(&figure))
        text += fmt::format("{}", *number);
      else if (const auto* word = std::get_if<std::string>(&figure))
        text += csv_cell(*word);
    }
    text += ',' + csv_cell(row.error) + '\n';
  }
  return text;
}

}  // namespace

std::string write_study(const Study& study, const std::vector<StudyRow>& rows, StudyFormat format) {
  switch (format) {
    case StudyFormat::text: return text_of(study, rows);
    case StudyFormat::json: return json_of(study, rows);
    case StudyFormat::csv: return csv_of(study, rows);
  }
  throw InternalError("write_study: unknown format");
}

}  // namespace aifsim::study
