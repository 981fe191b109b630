#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/plot.hpp"
#include "report/svg.hpp"

namespace aifsim::report {
namespace {

constexpr double panel_width = 380;
constexpr double panel_height = 270;
constexpr double left_margin = 70;
constexpr double right_margin = 20;
constexpr double top = 58;
constexpr double below_axis = 52;
constexpr double legend_line = 20;

// From values to pixels.
class Axis {
 public:
  Axis(const std::vector<double>& values, bool logarithmic, double from_pixel, double to_pixel)
      : logarithmic_(logarithmic), from_pixel_(from_pixel), to_pixel_(to_pixel) {
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    for (const double value : values) {
      least = std::min(least, value);
      most = std::max(most, value);
    }
    if (least > most) least = most = 1;
    if (!logarithmic && least > 0 && least < 0.6 * most) least = 0;  // else the differences would not show
    if (least == most) {
      most = logarithmic ? least * 10 : least + (least == 0 ? 1 : std::abs(least));
    }
    marks_ = axis_marks(least, most, logarithmic);
    low_ = std::min(least, marks_.front());
    high_ = std::max(most, marks_.back());
  }

  [[nodiscard]] double pixel(double value) const {
    const double share =
        logarithmic_ ? std::log(value / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
    return from_pixel_ + share * (to_pixel_ - from_pixel_);
  }
  [[nodiscard]] const std::vector<double>& marks() const { return marks_; }

 private:
  bool logarithmic_;
  double from_pixel_, to_pixel_, low_ = 0, high_ = 1;
  std::vector<double> marks_;
};

bool fits(const LineChart& chart, const std::pair<double, double>& point) {
  return std::isfinite(point.first) && std::isfinite(point.second) && (!chart.log_x || point.first > 0) &&
         (!chart.log_y || point.second > 0);
}

void draw_axes(Svg& svg, const LineChart& chart, const LineChart::Panel& panel, double left, const Axis& x,
               const Axis& y) {
  const double bottom = top + panel_height;
  for (const double mark : y.marks()) {
    svg.line(left, y.pixel(mark), left + panel_width, y.pixel(mark), "#dddddd");
    svg.text(left - 6, y.pixel(mark) + 4, mark_text(mark), Svg::Anchor::end, 11);
  }
  for (const double mark : x.marks()) {
    svg.line(x.pixel(mark), bottom, x.pixel(mark), bottom + 4, "#222222");
    svg.text(x.pixel(mark), bottom + 17, mark_text(mark), Svg::Anchor::middle, 11);
  }
  svg.line(left, bottom, left + panel_width, bottom, "#222222");
  svg.line(left, top, left, bottom, "#222222");
  svg.text(left + panel_width / 2, bottom + 36, chart.x_label, Svg::Anchor::middle);
  svg.text(left + panel_width / 2, top - 6, panel.title, Svg::Anchor::middle, 12, true);
  svg.vertical_text(left - 52, top + panel_height / 2, panel.y_label);
}

void draw_panel(Svg& svg, const LineChart& chart, const LineChart::Panel& panel, double left) {
  std::vector<double> xs, ys;
  for (const LineChart::Series& series : panel.series) {
    for (const auto& point : series.points) {
      if (!fits(chart, point)) continue;
      xs.push_back(point.first);
      ys.push_back(point.second);
    }
  }
  const Axis x(xs, chart.log_x, left, left + panel_width);
  const Axis y(ys, chart.log_y, top + panel_height, top);
  draw_axes(svg, chart, panel, left, x, y);
  for (std::size_t i = 0; i < panel.series.size(); ++i) {
    std::string points;
    for (const auto& point : panel.series[i].points) {
      if (!fits(chart, point)) continue;
      points += fmt::format("{:.2f},{:.2f} ", x.pixel(point.first), y.pixel(point.second));
      svg.circle(x.pixel(point.first), y.pixel(point.second), 3.5, colour_of(i));
    }
    if (chart.joined && !points.empty()) {
      points.pop_back();
      svg.path(points, colour_of(i));
    }
  }
}

}  // namespace

std::vector<double> axis_marks(double from, double to, bool logarithmic) {
  std::vector<double> marks;
  if (logarithmic) {
    const int first = static_cast<int>(std::floor(std::log10(from) + 1e-9));
    const int last = static_cast<int>(std::ceil(std::log10(to) - 1e-9));
    for (int power = first; power <= last; ++power) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double mark = factor * std::pow(10.0, power);
        const bool wanted = factor == 1.0 ? last - first > 2 || (mark >= from / 2.51 && mark <= to * 2.51)
                                          : last - first <= 2 && mark >= from / 2.51 && mark <= to * 2.51;
        if (wanted) marks.push_back(mark);
      }
    }
    return marks;
  }
  const double rough = (to - from) / 5;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = power;
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    step = factor * power;
    if (step >= rough * 0.999) break;
  }
  const auto first = static_cast<long>(std::floor(from / step + 1e-9));
  const auto last = static_cast<long>(std::ceil(to / step - 1e-9));
  for (long i = first; i <= last; ++i) marks.push_back(static_cast<double>(i) * step);
  return marks;
}

std::string write_svg(const LineChart& chart) {
  const double each = left_margin + panel_width + right_margin;
  const std::size_t names = chart.panels.empty() ? 0 : chart.panels.front().series.size();
  const double legend_top = top + panel_height + below_axis;
  const double width = std::max(each * static_cast<double>(chart.panels.size()), Svg::text_width(chart.title, 16) + 40);
  Svg svg(width, legend_top + legend_line * static_cast<double>(names) + 10);
  svg.text(16, 26, chart.title, Svg::Anchor::start, 16, true);
  for (std::size_t i = 0; i < chart.panels.size(); ++i) {
    draw_panel(svg, chart, chart.panels[i], each * static_cast<double>(i) + left_margin);
  }
  for (std::size_t i = 0; i < names; ++i) {
    const double y = legend_top + legend_line * static_cast<double>(i);
    svg.rectangle(left_margin, y, 14, 10, colour_of(i));
    svg.text(left_margin + 20, y + 10, chart.panels.front().series[i].name);
  }
  return svg.finish();
}

}  // namespace aifsim::report
