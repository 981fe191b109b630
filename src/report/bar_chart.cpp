// Rows are shared by all panels, so that names stand once and figures of one thing in one line.
#include <algorithm>
#include <cmath>

#include "report/plot.hpp"
#include "report/svg.hpp"

namespace aifsim::report {
namespace {

constexpr double row_height = 26;
constexpr double bar_height = 16;
constexpr double panel_width = 175;
constexpr double margin = 16;
constexpr double text_size = 12;
constexpr double top = 64;  // title and the panels' titles

double widest(const std::vector<std::string>& texts) {
  double width = 0;
  for (const std::string& text : texts) width = std::max(width, Svg::text_width(text, text_size));
  return width;
}

void draw_panel(Svg& svg, const BarChart& chart, const BarChart::Panel& panel, double left) {
  double most = 0;
  for (const auto& value : panel.values) most = std::max(most, std::abs(value.value_or(0)));
  const double room = panel_width - margin - widest(panel.texts) - 6;
  const auto length_of = [&](double value) { return most > 0 ? std::abs(value) / most * room : 0; };
  svg.text(left, top - 12, panel.title, Svg::Anchor::start, text_size, true);
  for (std::size_t row = 0; row < panel.values.size(); ++row) {
    const double y = top + row_height * static_cast<double>(row);
    const bool is_reference = chart.reference == row;
    const double length = length_of(panel.values[row].value_or(0));
    if (panel.values[row])
      svg.rectangle(left, y, std::max(length, 1.0), bar_height, is_reference ? "#999999" : "#0072b2");
    svg.text(left + length + 4, y + bar_height - 4, panel.texts[row]);
  }
  if (chart.reference && panel.values[*chart.reference]) {
    const double x = left + length_of(*panel.values[*chart.reference]);
    svg.line(x, top - 4, x, top + row_height * static_cast<double>(panel.values.size()), "#999999", 1, true);
  }
}

}  // namespace

std::string write_svg(const BarChart& chart) {
  const double names = widest(chart.rows) + 2 * margin;
  const double height = top + row_height * static_cast<double>(chart.rows.size()) + margin;
  const double wanted = std::max(names + panel_width * static_cast<double>(chart.panels.size()),
                                 Svg::text_width(chart.title, 16) + 2 * margin);
  Svg svg(wanted + margin, height);
  svg.text(margin, 26, chart.title, Svg::Anchor::start, 16, true);
  for (std::size_t row = 0; row < chart.rows.size(); ++row) {
    svg.text(names - margin, top + row_height * static_cast<double>(row) + bar_height - 4, chart.rows[row],
             Svg::Anchor::end);
  }
  for (std::size_t i = 0; i < chart.panels.size(); ++i) {
    draw_panel(svg, chart, chart.panels[i], names + panel_width * static_cast<double>(i));
  }
  return svg.finish();
}

}  // namespace aifsim::report
