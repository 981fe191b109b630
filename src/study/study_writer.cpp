// A study's table as text, JSON and CSV, and its plot.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "report/human.hpp"
#include "report/plot.hpp"
#include "report/table.hpp"
#include "study/study_table.hpp"

namespace aifsim::study {
namespace {

using Json = nlohmann::ordered_json;

std::string heading(const StudyColumn& column) {
  return column.unit.empty() ? column.title : column.title + " [" + column.unit + ']';
}

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
  for (const StudyRow& row : rows) {
    std::vector<std::string> cells{row.name};
    for (std::size_t i = 0; i < study.columns.size(); ++i) {
      if (study.columns[i].shown) cells.push_back(shown(study.columns[i], row.figures[i]));
    }
    table.row(std::move(cells));
    if (!row.error.empty()) errors += "  " + row.name + ": " + first_line(row.error) + '\n';
  }
  std::string text = study.title + '\n';
  if (!study.question.empty()) text += '\n' + report::wrapped(study.question, line_width, 0) + '\n';
  text += '\n' + table.text();
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
  for (const StudyColumn& column : study.columns) columns.push_back({{"title", column.title}, {"unit", unit_of(column)}});
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
  const Json document{{"schema", "aifsim.study/1"}, {"study", study.name},      {"title", study.title},
                      {"question", study.question}, {"baseline", study.baseline}, {"sources", study.sources},
                      {"columns", columns},         {"rows", list}};
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
      if (const double* number = std::get_if<double>(&figure)) text += fmt::format("{}", *number);
      else if (const auto* word = std::get_if<std::string>(&figure)) text += csv_cell(*word);
    }
    text += ',' + csv_cell(row.error) + '\n';
  }
  return text;
}

report::BarChart bars_of(const Study& study, const std::vector<StudyRow>& rows) {
  report::BarChart chart;
  chart.title = study.title;
  for (const StudyRow& row : rows) chart.rows.push_back(row.name);
  for (std::size_t i = 0; i < rows.size() && !study.baseline.empty(); ++i) {
    if (study.cases[i].series != study.baseline) continue;
    // With axes there are many baselines: no one line is right for all rows.
    if (study.cases[i].axes.empty()) chart.reference = i;
  }
  for (const std::size_t column : study.plot->y) {
    report::BarChart::Panel panel{heading(study.columns[column]), {}, {}};
    for (const StudyRow& row : rows) {
      const double* number = std::get_if<double>(&row.figures[column]);
      panel.values.push_back(number == nullptr ? std::nullopt : std::optional(*number));
      panel.texts.push_back(shown(study.columns[column], row.figures[column]));
    }
    chart.panels.push_back(std::move(panel));
  }
  return chart;
}

std::string series_of(const Study& study, std::size_t row) {
  if (study.plot->series.empty()) return study.cases[row].series.empty() ? study.title : study.cases[row].series;
  for (const auto& [axis, value] : study.cases[row].axes) {
    if (axis == study.plot->series) return axis.substr(axis.find_last_of('.') + 1) + " = " + value;
  }
  throw InternalError("a plot's series is an axis of the study");
}

report::LineChart lines_of(const Study& study, const std::vector<StudyRow>& rows) {
  const StudyPlot& plot = *study.plot;
  report::LineChart chart{.title = study.title,
                          .x_label = heading(study.columns[plot.x]),
                          .log_x = plot.log_x,
                          .log_y = plot.log_y,
                          .joined = plot.kind == StudyPlot::Kind::lines,
                          .panels = {}};
  std::vector<report::LineChart::Series> names;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string name = series_of(study, row);
    const bool known = std::any_of(names.begin(), names.end(), [&](const auto& series) { return series.name == name; });
    if (!known) names.push_back({name, {}});
  }
  for (const std::size_t column : plot.y) {
    report::LineChart::Panel panel{heading(study.columns[column]), names};
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const double* x = std::get_if<double>(&rows[row].figures[plot.x]);
      const double* y = std::get_if<double>(&rows[row].figures[column]);
      if (x == nullptr || y == nullptr) continue;
      const std::string name = series_of(study, row);
      const auto series = std::find_if(panel.series.begin(), panel.series.end(),
                                       [&](const auto& one) { return one.name == name; });
      const bool percent = study.columns[column].relative == StudyColumn::Relative::percent;
      series->points.emplace_back(*x, percent ? *y * 100 : *y);
    }
    if (study.columns[column].relative == StudyColumn::Relative::percent) panel.y_label += " [%]";
    chart.panels.push_back(std::move(panel));
  }
  return chart;
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

std::string draw_study(const Study& study, const std::vector<StudyRow>& rows) {
  ensure(study.plot.has_value(), "the study has a plot");
  if (study.plot->kind == StudyPlot::Kind::bars) return report::write_svg(bars_of(study, rows));
  return report::write_svg(lines_of(study, rows));
}

}  // namespace aifsim::study
