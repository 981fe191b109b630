#include "study/study_plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aifsim::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Point {
  const char* family;
  const char* panel;
  Figure x, y, limited;
};

// Its columns are x, y and a third one.
Study study_of(const std::vector<Point>& points) {
  Study study;
  study.title = "fronts";
  for (const Point& point : points) {
    StudyCase one;
    one.name = one.series = "case";
    one.family = point.family;
    one.axes = {{"p", point.panel}};
    study.cases.push_back(one);
  }
  study.columns.resize(3);
  study.columns[0].title = "interactivity";
  study.columns[1].title = "throughput";
  study.plot = StudyPlot{};
  study.plot->kind = StudyPlot::Kind::lines;
  study.plot->y = {1};
  study.plot->by_family = study.plot->front = true;
  study.plot->panels = "p";
  return study;
}

std::vector<StudyRow> rows_of(const std::vector<Point>& points) {
  std::vector<StudyRow> rows;
  for (const Point& point : points) rows.push_back({"case", {point.x, point.y, point.limited}, {}, false});
  return rows;
}

TEST(StudyPlot, a_front_is_what_no_other_of_the_family_and_panel_beats_in_both) {
  const std::vector<Point> points{{"a", "1", 1.0, 9.0, 0.0},     {"a", "1", 2.0, 5.0, 0.0}, {"a", "1", 1.5, 5.0, 0.0},
                                  {"a", "1", 2.0, 5.0, 0.0},     {"b", "1", 1.0, 1.0, 0.0}, {"a", "2", 1.0, 1.0, 0.0},
                                  {"a", "1", 9.0, Figure(), 0.0}};
  EXPECT_THAT(in_plot(study_of(points), rows_of(points)), ElementsAre(true, true, false, true, true, true, false));
}

TEST(StudyPlot, a_row_beyond_a_limit_beats_nobody) {
  const std::vector<Point> points{
      {"a", "1", 9.0, 9.0, 11.0}, {"a", "1", 1.0, 1.0, 10.0}, {"a", "1", 2.0, 2.0, Figure()}};
  Study study = study_of(points);
  study.plot->at_most = {{2, 10.0}};
  EXPECT_THAT(in_plot(study, rows_of(points)), ElementsAre(false, true, false));
  study.plot->front = false;
  EXPECT_THAT(in_plot(study, rows_of(points)), ElementsAre(false, true, false));
}

TEST(StudyPlot, panels_have_titles_and_families_one_line_each) {
  const std::vector<Point> points{
      {"together", "short", 1.0, 9.0, 0.0}, {"together", "long", 2.0, 5.0, 0.0}, {"apart", "long", 3.0, 5.0, 0.0}};
  const std::string svg = draw_study(study_of(points), rows_of(points));
  for (const char* text : {">short<", ">long<", ">together<", ">apart<"}) EXPECT_THAT(svg, HasSubstr(text));
  EXPECT_THAT(svg, Not(HasSubstr(">case<")));
}

TEST(StudyPlot, without_a_plot_all_rows_are_listed) {
  const std::vector<Point> points{{"a", "1", 1.0, 1.0, 0.0}, {"a", "1", 2.0, 2.0, 0.0}};
  Study study = study_of(points);
  study.plot.reset();
  EXPECT_THAT(in_plot(study, rows_of(points)), ElementsAre(true, true));
}

}  // namespace
}  // namespace aifsim::study
