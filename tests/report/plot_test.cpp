#include "report/plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "report/svg.hpp"

namespace aifsim::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<double> widths_of_bars(const std::string& svg, const std::string& colour) {
  std::vector<double> widths;
  const std::regex bar("width=\"([0-9.]+)\" height=\"16\" fill=\"" + colour + "\"");
  for (std::sregex_iterator at(svg.begin(), svg.end(), bar), end; at != end; ++at)
    widths.push_back(std::stod((*at)[1]));
  return widths;
}

TEST(BarChart, bars_are_as_long_as_their_values_and_the_reference_stands_out) {
  const BarChart chart{.title = "A & B",
                       .rows = {"a", "b", "c"},
                       .reference = 0,
                       .panels = {{"time", {2.0, 4.0, std::nullopt}, {"2", "4", "-"}}}};
  const std::string svg = write_svg(chart);
  const auto reference = widths_of_bars(svg, "#999999");
  const auto others = widths_of_bars(svg, "#0072b2");
  ASSERT_EQ(reference.size(), 1U);
  ASSERT_EQ(others.size(), 1U) << "nothing is drawn for what is not known";
  EXPECT_NEAR(others[0], 2 * reference[0], 0.05);
  EXPECT_THAT(svg, HasSubstr("A &amp; B"));
  EXPECT_EQ(svg, write_svg(chart));
}

TEST(LineChart, points_lie_between_the_axes_in_the_order_of_their_values) {
  LineChart chart{.title = "t", .x_label = "GPUs", .log_x = true, .log_y = false, .joined = true, .panels = {}};
  chart.panels.push_back({"time", {{"one", {{256, 1.0}, {512, 2.0}, {1024, 4.0}, {0, 3.0}}}}});
  const std::string svg = write_svg(chart);
  std::vector<std::pair<double, double>> points;
  const std::regex circle("circle cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"");
  for (std::sregex_iterator at(svg.begin(), svg.end(), circle), end; at != end; ++at) {
    points.emplace_back(std::stod((*at)[1]), std::stod((*at)[2]));
  }
  ASSERT_EQ(points.size(), 3U) << "0 has no place on a logarithmic axis";
  EXPECT_NEAR(points[1].first - points[0].first, points[2].first - points[1].first, 0.05)
      << "equal ratios, equal steps";
  EXPECT_NEAR(2 * (points[0].second - points[1].second), points[1].second - points[2].second, 0.05);
  EXPECT_LT(points[2].second, points[0].second) << "upwards is less in SVG";
  EXPECT_THAT(svg, HasSubstr(">one<"));
}

TEST(LineChart, nothing_to_draw_is_no_mistake) {
  LineChart chart{.title = "t", .x_label = "x", .log_x = true, .log_y = true, .joined = true, .panels = {}};
  EXPECT_THAT(write_svg(chart), HasSubstr("</svg>"));
  chart.panels.push_back({"y", {{"none", {}}}});
  EXPECT_THAT(write_svg(chart), testing::Not(HasSubstr("nan")));
  chart.panels[0].series[0].points = {{5, 5}};
  EXPECT_THAT(write_svg(chart), testing::Not(HasSubstr("nan")));
}

TEST(AxisMarks, are_round_and_cover_the_values) {
  EXPECT_THAT(axis_marks(0, 10, false), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(axis_marks(1, 1000, true), ElementsAre(1, 10, 100, 1000));
  for (const auto& [from, to] : {std::pair{0.0, 7.3}, {3.0, 3.1}, {-2.0, 5.0}, {1e-9, 1e9}}) {
    const auto marks = axis_marks(from, to, false);
    EXPECT_LE(marks.front(), from + 1e-9);
    EXPECT_GE(marks.back(), to - 1e-9);
    EXPECT_LE(marks.size(), 8U);
  }
  const auto short_axis = axis_marks(256, 2048, true);
  EXPECT_LE(short_axis.front(), 256);
  EXPECT_GE(short_axis.back(), 2048);
  EXPECT_GE(short_axis.size(), 4U);
}

TEST(MarkText, large_numbers_are_short) {
  EXPECT_EQ(mark_text(0), "0");
  EXPECT_EQ(mark_text(1000), "1000");
  EXPECT_EQ(mark_text(20000), "20k");
  EXPECT_EQ(mark_text(2.5e6), "2.5M");
  EXPECT_EQ(mark_text(0.05), "0.05");
}

}  // namespace
}  // namespace aifsim::report
