#include "study/study_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace aifsim::study {
namespace {

using testing::HasSubstr;

// Two cases at two places of an axis; part "collective" gives a time.
Study sample() {
  Study study;
  study.name = study.title = "sample";
  study.file = "sample.yaml";
  study.baseline = "a";
  for (const char* series : {"a", "b"}) {
    for (const char* place : {"1", "2"}) {
      study.cases.push_back({.name = std::string(series) + ", n=" + place,
                             .series = series,
                             .axes = {{"n", place}},
                             .platform = {},
                             .workload = {},
                             .sets = {},
                             .parts = {{"c", "collective", {}}},
                             .line = 3});
    }
  }
  const auto column = [](const char* title, const char* value) {
    StudyColumn result;
    result.title = title;
    result.value = Expression::parse(value);
    return result;
  };
  study.columns = {column("n", "axis.n"), column("time", "c.rows.0.time_us"), column("to a", "c.rows.0.time_us"),
                   column("of a", "c.rows.0.time_us"), column("by", "c.rows.0.bottleneck")};
  study.columns[1].scale = 0.001;
  study.columns[1].unit = "ms";
  study.columns[2].relative = StudyColumn::Relative::percent;
  study.columns[3].relative = StudyColumn::Relative::factor;
  study.plot =
      StudyPlot{.kind = StudyPlot::Kind::lines, .x = 0, .y = {1, 2}, .series = {}, .log_x = true, .log_y = false};
  return study;
}

UnitResult timed(double microseconds) {
  return {nlohmann::json{{"rows", {{{"time_us", microseconds}, {"bottleneck", "x,y"}}}}}.dump(), {}, false};
}

std::vector<StudyRow> rows_of(const Study& study) {
  return evaluate(study, {{timed(1000)}, {timed(4000)}, {timed(1500)}, {UnitResult{{}, "too big\nreally", false}}});
}

TEST(StudyTable, figures_are_scaled_and_relative_to_the_baseline_at_the_same_place) {
  const std::vector<StudyRow> rows = rows_of(sample());
  EXPECT_EQ(rows[1].figures[0], Figure(2.0));
  EXPECT_EQ(rows[1].figures[1], Figure(4.0));
  EXPECT_EQ(rows[2].figures[2], Figure(0.5));
  EXPECT_EQ(rows[2].figures[3], Figure(1.5));
  EXPECT_EQ(rows[2].figures[4], Figure(std::string("x,y")));
}

TEST(StudyTable, a_failed_case_keeps_its_row_and_the_others_theirs) {
  const Study study = sample();
  const std::vector<StudyRow> rows = rows_of(study);
  EXPECT_EQ(rows[3].error, "c: too big\nreally");
  EXPECT_EQ(rows[3].figures[0], Figure(2.0));
  EXPECT_EQ(rows[3].figures[1], Figure());
  const std::string text = write_study(study, rows, StudyFormat::text);
  EXPECT_THAT(text, HasSubstr("+50.0 %"));
  EXPECT_THAT(text, HasSubstr("1.500x"));
  EXPECT_THAT(text, HasSubstr("b, n=2: c: too big\n"));
}

TEST(StudyTable, json_and_csv_have_full_precision) {
  const Study study = sample();
  const auto json = nlohmann::json::parse(write_study(study, rows_of(study), StudyFormat::json));
  EXPECT_EQ(json["schema"], "aifsim.study/1");
  EXPECT_EQ(json["rows"][2]["values"]["time"], 1.5);
  EXPECT_EQ(json["rows"][2]["axes"]["n"], "1");
  EXPECT_TRUE(json["rows"][2]["error"].is_null());
  EXPECT_TRUE(json["rows"][3]["values"]["time"].is_null());
  EXPECT_EQ(json["columns"][2]["unit"], "share");
  const std::string csv = write_study(study, rows_of(study), StudyFormat::csv);
  EXPECT_THAT(csv, HasSubstr("case,n,time [ms],to a [share],of a [ratio],by,error\n"));
  EXPECT_THAT(csv, HasSubstr("\"b, n=1\",1,1.5,0.5,1.5,\"x,y\",\n"));
  EXPECT_THAT(csv, HasSubstr("\"c: too big\nreally\""));
}

TEST(StudyTable, the_plot_has_a_panel_for_each_column_and_a_name_for_each_series) {
  const Study study = sample();
  const std::string svg = draw_study(study, rows_of(study));
  EXPECT_THAT(svg, HasSubstr(">time [ms]<"));
  EXPECT_THAT(svg, HasSubstr(">to a [%]<"));
  EXPECT_THAT(svg, HasSubstr(">a<"));
  EXPECT_THAT(svg, HasSubstr(">b<"));
}

TEST(StudyTable, digits_are_significant_ones) {
  StudyColumn column;
  EXPECT_EQ(shown(column, 1234567.0), "1,234,567");
  EXPECT_EQ(shown(column, 0.0123456), "0.01235");
  EXPECT_EQ(shown(column, 12.3456), "12.35");
  EXPECT_EQ(shown(column, -1234.5), "-1,234");
  EXPECT_EQ(shown(column, 0.0), "0");
  EXPECT_EQ(shown(column, 64.0), "64") << "a count";
  EXPECT_EQ(shown(column, 1.5e-7), "1.500e-07");
  EXPECT_EQ(shown(column, Figure()), "-");
  column.relative = StudyColumn::Relative::percent;
  EXPECT_EQ(shown(column, -0.0425), "-4.2 %");
}

}  // namespace
}  // namespace aifsim::study
