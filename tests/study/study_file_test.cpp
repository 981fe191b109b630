#include "study/study_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study/study_keys.hpp"

namespace aifsim::study {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Paths of the file are relative to its folder.
const std::string file = AIFSIM_SOURCE_DIR "/workloads/studies/test.yaml";

const std::string good = R"(study: fabric
title: Two fabrics
base:
  platform: ../../platforms/dgx-h100-32.yaml
  workload: ../llama3-8b-dp.yaml
  set: {nodes.count: 4}
cases:
  - {name: one}
  - name: two
    topology: true
    set: {scale_out.routing: ecmp}
    collective: [{name: small, op: all_reduce, bytes: 1 MiB}, {name: big, op: all_reduce, bytes: 1 GiB, ranks: 16}]
axes:
  nodes.count: [16, 32]
  size: [{label: s, set: {global_batch: 64}}, {label: l, set: {global_batch: 128}}]
baseline: one
columns:
  - {title: step, value: job.step_time_s, unit: s}
  - {title: ratio, value: job.step_time_s, relative: percent}
  - {title: big, value: big.rows.0.time_us / axis.nodes.count, scale: 2, digits: 3, shown: false}
plot: {kind: lines, x: step, y: [big], series: size, log: [y]}
)";

Study read(const std::string& text) {
  const config::Document document = config::Document::parse(text, file);
  Study study = read_study(document);
  document.check();
  return study;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string problem_of(const std::string& text) {
  try {
    (void)read(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no problem";
}

TEST(StudyFile, cases_are_multiplied_by_axes_the_last_turning_fastest) {
  const Study study = read(good);
  std::vector<std::string> names;
  for (const StudyCase& one : study.cases) names.push_back(one.name);
  EXPECT_THAT(names, ElementsAre("one, count=16, size=s", "one, count=16, size=l", "one, count=32, size=s",
                                 "one, count=32, size=l", "two, count=16, size=s", "two, count=16, size=l",
                                 "two, count=32, size=s", "two, count=32, size=l"));
}

TEST(StudyFile, a_case_may_keep_to_some_places_on_an_axis) {
  const Study study = read(replaced(good, "{name: one}", "{name: one, family: f, only: {nodes.count: [32]}}"));
  ASSERT_EQ(study.cases.size(), 6U);
  EXPECT_EQ(study.cases[0].name, "one, count=32, size=s");
  EXPECT_EQ(study.cases[0].family, "f");
  EXPECT_EQ(study.cases[2].family, "two");
  EXPECT_THAT(problem_of(replaced(good, "{name: one}", "{name: one, only: {nodes.count: [64]}}")),
              HasSubstr("one of 16, 32"));
  EXPECT_THAT(problem_of(replaced(good, "{name: one}", "{name: one, only: {sise: [s]}}")), HasSubstr("size"));
}

TEST(StudyFile, a_plot_may_show_fronts_of_families_in_panels_within_limits) {
  const Study study =
      read(replaced(good, "series: size, log: [y]", "series: family, panels: size, front: true, at_most: {step: 3}"));
  EXPECT_TRUE(study.plot->by_family);
  EXPECT_TRUE(study.plot->front);
  EXPECT_EQ(study.plot->panels, "size");
  EXPECT_EQ(study.plot->at_most, (std::vector<std::pair<std::size_t, double>>{{0, 3.0}}));
  EXPECT_THAT(problem_of(replaced(good, "series: size", "at_most: {stepp: 3}")), HasSubstr("step"));
  EXPECT_THAT(problem_of(replaced(good, "y: [big], series: size", "y: [big, step], front: true")),
              HasSubstr("one column"));
}

TEST(StudyFile, an_axis_overrides_a_case_and_a_case_the_base) {
  const Study study = read(good);
  EXPECT_THAT(study.cases[7].sets, ElementsAre("nodes.count=32", "scale_out.routing=ecmp", "global_batch=128"));
  EXPECT_THAT(study.cases[7].platform, testing::EndsWith("/platforms/dgx-h100-32.yaml"));
  EXPECT_EQ(study.cases[7].platform.find(".."), std::string::npos);
}

TEST(StudyFile, parts_are_commands_with_their_options) {
  const Study study = read(good);
  ASSERT_EQ(study.cases[0].parts.size(), 1U);
  EXPECT_EQ(study.cases[0].parts[0].command, "run");
  const std::vector<StudyPart>& parts = study.cases[4].parts;
  ASSERT_EQ(parts.size(), 4U);
  EXPECT_EQ(parts[0].name, "job");
  EXPECT_EQ(parts[1].command, "topology");
  EXPECT_EQ(parts[3].name, "big");
  EXPECT_THAT(parts[3].options, ElementsAre("--op", "all_reduce", "--sizes", "1073741824", "--ranks", "16"));
}

TEST(StudyFile, the_baseline_stands_at_the_same_place_on_the_axes) {
  const Study study = read(good);
  EXPECT_EQ(study.baseline_of(study.cases[6]), &study.cases[2]);
  EXPECT_EQ(study.baseline_of(study.cases[2]), &study.cases[2]);
}

TEST(StudyFile, mistakes_have_a_place_and_the_nearest_choice) {
  struct Mistake {
    const char *from, *to, *message;
  };
  const Mistake mistakes[] = {
      {"job.step_time_s, unit", "job.step_tim_s, unit",
       "test.yaml:18:26: columns[0].value: expected a key of the results of job, got \"step_tim_s\" (did you mean "
       "\"step_time_s\"?)"},
      {"job.step_time_s, relative", "jb.step_time_s, relative", "did you mean \"job\"?"},
      {"big.rows.0.time_us", "big.rows.time_us", "did you mean \"rows.0.time_us\"?"},
      {"axis.nodes.count", "axis.nodes.cuont", "did you mean \"nodes.count\"?"},
      {"big.rows.0.time_us /", "big.rows.0.time_us", "expected an operator before \"axis.nodes.count\""},
      {"baseline: one", "baseline: on", "did you mean \"one\"?"},
      {"baseline: one", "notes: x", "expected a study with a `baseline`, got one without"},
      {"op: all_reduce, bytes: 1 MiB", "op: allreduce, bytes: 1 MiB", "did you mean \"all_reduce\"?"},
      {"name: big, ", "", "got \"collective\""},
      {"x: step", "x: stop", "did you mean \"step\"?"},
      {"series: size", "series: siez", "did you mean \"size\"?"},
      {"kind: lines", "kind: line", "did you mean"},
      {"llama3-8b-dp.yaml", "llama3-8b-pd.yaml", "workload: expected a file, got"},
      {"name: two", "name: one", "expected a name of its own, got \"one\""},
      {"[16, 32]", "[16, 16]", "a value that the axis does not have yet"},
      {"[16, 32]", "[]", "at least one value"},
      {"title: ratio", "title: step", "a title of its own"},
      {"topology: true", "topolgy: true", "did you mean \"topology\"?"},
      {"digits: 3", "digits: 0", "from 1 to 15"},
  };
  for (const Mistake& mistake : mistakes) {
    const std::string text = replaced(good, mistake.from, mistake.to);
    // Two parts of one name only if both are unnamed.
    const bool unnamed = std::string(mistake.from) == "name: big, ";
    EXPECT_THAT(problem_of(unnamed ? replaced(text, "name: small, ", "") : text), HasSubstr(mistake.message));
  }
}

TEST(StudyFile, a_case_needs_a_platform_and_something_to_simulate) {
  EXPECT_THAT(problem_of("study: x\ncases: [{name: a}]\ncolumns: [{title: c, value: case}]\n"),
              testing::AllOf(HasSubstr("a platform in case \"a\" or in base"), HasSubstr("something to simulate")));
  EXPECT_THAT(problem_of("study: x\ncolumns: [{title: c, value: case}]\n"), HasSubstr("`cases`, `axes` or both"));
}

TEST(StudyKeys, patterns_stand_for_positions_and_names) {
  EXPECT_TRUE(fits("rows[].time_us", "rows.0.time_us"));
  EXPECT_TRUE(fits("rows[].time_us", "rows.12.time_us"));
  EXPECT_FALSE(fits("rows[].time_us", "rows.time_us"));
  EXPECT_FALSE(fits("rows[].time_us", "rows.0"));
  EXPECT_FALSE(fits("rows[].time_us", "rows.0.time_us.x"));
  EXPECT_TRUE(fits("memory.<class>", "memory.weights"));
  EXPECT_TRUE(fits("unknown[]", "unknown.3"));
  EXPECT_FALSE(fits("power_w", "power"));
}

}  // namespace
}  // namespace aifsim::study
