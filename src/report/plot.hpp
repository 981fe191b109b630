// Simple charts as SVG: rows of bars, lines, points. Debian has no small C++ library for this, and gnuplot would be a
// program to install and to keep at one version, as its bytes differ between versions.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aifsim::report {

// Rows are things that are compared, each panel one figure of theirs.
struct BarChart {
  struct Panel {
    std::string title;
    std::vector<std::optional<double>> values;  // of each row; nothing: not known
    std::vector<std::string> texts;             // beside each bar
  };
  std::string title;
  std::vector<std::string> rows;
  std::optional<std::size_t> reference;  // a row shown in another colour, with a line at its value in each panel
  std::vector<Panel> panels;
};

struct LineChart {
  struct Series {
    std::string name;
    std::vector<std::pair<double, double>> points;
  };
  struct Panel {
    std::string y_label;
    std::vector<Series> series;  // the same names in the same order in every panel
    std::string title = {};      // above it
  };
  std::string title, x_label;
  bool log_x = false, log_y = false;  // values of 0 and below are left out of a logarithmic axis
  bool joined = true;                 // by lines
  std::vector<Panel> panels;
};

[[nodiscard]] std::string write_svg(const BarChart& chart);
[[nodiscard]] std::string write_svg(const LineChart& chart);

// Round numbers that cover from..to, for the marks of an axis: 1, 2 or 5 times a power of ten; powers of ten where
// `logarithmic` (with 2 and 5 between them if the axis is short).
[[nodiscard]] std::vector<double> axis_marks(double from, double to, bool logarithmic);

}  // namespace aifsim::report
