#include "study/study_plot.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "report/plot.hpp"

namespace aifsim::study {
namespace {

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

std::string value_on(const StudyCase& one, const std::string& wanted) {
  for (const auto& [axis, value] : one.axes) {
    if (axis == wanted) return value;
  }
  throw InternalError("a plot's series and panels are axes of the study");
}

std::string series_of(const Study& study, const StudyCase& one) {
  const StudyPlot& plot = *study.plot;
  if (plot.by_family) return one.family;
  if (plot.series.empty()) return one.series.empty() ? study.title : one.series;
  return plot.series.substr(plot.series.find_last_of('.') + 1) + " = " + value_on(one, plot.series);
}

std::string panel_of(const Study& study, const StudyCase& one) {
  return study.plot->panels.empty() ? "" : value_on(one, study.plot->panels);
}

// Each once, in the order of the cases.
template <typename Name>
std::vector<std::string> names_of(const Study& study, Name name) {
  std::vector<std::string> names;
  for (const StudyCase& one : study.cases) {
    if (std::find(names.begin(), names.end(), name(study, one)) == names.end()) names.push_back(name(study, one));
  }
  return names;
}

const double* number_in(const StudyRow& row, std::size_t column) { return std::get_if<double>(&row.figures[column]); }

report::LineChart::Panel panel_with(const Study& study, const std::vector<StudyRow>& rows,
                                    const std::string& panel_name, std::size_t column) {
  const bool percent = study.columns[column].relative == StudyColumn::Relative::percent;
  const std::vector<bool> shown_rows = in_plot(study, rows);
  report::LineChart::Panel panel{heading(study.columns[column]) + (percent ? " [%]" : ""), {}, panel_name};
  for (const std::string& name : names_of(study, series_of)) {
    report::LineChart::Series series{name, {}};
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const StudyCase& one = study.cases[row];
      const double* x = number_in(rows[row], study.plot->x);
      const double* y = number_in(rows[row], column);
      if (x == nullptr || y == nullptr || !shown_rows[row]) continue;
      if (series_of(study, one) != name || panel_of(study, one) != panel_name) continue;
      series.points.emplace_back(*x, percent ? *y * 100 : *y);
    }
    if (study.plot->front) std::sort(series.points.begin(), series.points.end());
    panel.series.push_back(std::move(series));
  }
  return panel;
}

report::LineChart lines_of(const Study& study, const std::vector<StudyRow>& rows) {
  const StudyPlot& plot = *study.plot;
  report::LineChart chart{.title = study.title,
                          .x_label = heading(study.columns[plot.x]),
                          .log_x = plot.log_x,
                          .log_y = plot.log_y,
                          .joined = plot.kind == StudyPlot::Kind::lines,
                          .panels = {}};
  for (const std::size_t column : plot.y) {
    for (const std::string& name : names_of(study, panel_of))
      chart.panels.push_back(panel_with(study, rows, name, column));
  }
  return chart;
}

bool within_limits(const StudyRow& row, const StudyPlot& plot) {
  return std::all_of(plot.at_most.begin(), plot.at_most.end(), [&](const auto& limit) {
    const double* number = number_in(row, limit.first);
    return number != nullptr && *number <= limit.second;
  });
}

bool has_both(const StudyRow& row, const StudyPlot& plot) {
  return number_in(row, plot.x) != nullptr && number_in(row, plot.y.front()) != nullptr;
}

bool beats(const StudyRow& one, const StudyRow& other, const StudyPlot& plot) {
  const double x = std::get<double>(one.figures[plot.x]), y = std::get<double>(one.figures[plot.y.front()]);
  const double other_x = std::get<double>(other.figures[plot.x]);
  const double other_y = std::get<double>(other.figures[plot.y.front()]);
  return x >= other_x && y >= other_y && (x > other_x || y > other_y);
}

}  // namespace

std::string heading(const StudyColumn& column) {
  return column.unit.empty() ? column.title : column.title + " [" + column.unit + ']';
}

std::vector<bool> in_plot(const Study& study, const std::vector<StudyRow>& rows) {
  std::vector<bool> shown_rows(rows.size(), true);
  if (!study.plot) return shown_rows;
  const StudyPlot& plot = *study.plot;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    shown_rows[i] = within_limits(rows[i], plot) && (!plot.front || has_both(rows[i], plot));
  }
  if (!plot.front) return shown_rows;
  const std::vector<bool> candidates = shown_rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows.size() && shown_rows[i]; ++j) {
      const bool rivals = candidates[j] && series_of(study, study.cases[i]) == series_of(study, study.cases[j]) &&
                          panel_of(study, study.cases[i]) == panel_of(study, study.cases[j]);
      if (rivals && beats(rows[j], rows[i], plot)) shown_rows[i] = false;
    }
  }
  return shown_rows;
}

std::string draw_study(const Study& study, const std::vector<StudyRow>& rows) {
  ensure(study.plot.has_value(), "the study has a plot");
  if (study.plot->kind == StudyPlot::Kind::bars) return report::write_svg(bars_of(study, rows));
  return report::write_svg(lines_of(study, rows));
}

}  // namespace aifsim::study
