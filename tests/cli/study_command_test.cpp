// aifsim study as a script sees it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "process.hpp"

namespace aifsim::cli {
namespace {

using testing::HasSubstr;

const std::string source = AIFSIM_SOURCE_DIR;
const std::string text = "study: small\nbase: {platform: " + source +
                         "/platforms/dgx-h100-32.yaml, topology: true,\n"
                         "  collective: {op: all_reduce, bytes: 1 MiB}, traffic: {pattern: shift, bytes: 1 MiB}}\n"
                         "axes:\n  nodes.count: [2, 4]\n"
                         "columns:\n"
                         "  - {title: nodes, value: axis.nodes.count}\n"
                         "  - {title: time, unit: us, value: collective.rows.0.time_us}\n"
                         "  - {title: leaves, value: topology.switches.1.count}\n"
                         "  - {title: done, value: traffic.completion_s}\n"
                         "  - {title: power per GPU, value: topology.power_w / traffic.gpus}\n"
                         "plot: {kind: scatter, x: nodes, y: [time, done]}\n";

class StudyCommand : public testing::Test {
 protected:
  [[nodiscard]] Outcome study(const std::string& content, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"study", scratch_.write("s.yaml", content)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_aifsim(arguments);
  }
  static std::string replaced(std::string content, const std::string& from, const std::string& to) {
    return content.replace(content.find(from), from.size(), to);
  }
  Scratch scratch_;
};

TEST_F(StudyCommand, figures_are_those_of_the_commands) {
  const Outcome outcome = study(text, {"--format", "json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  const auto rows = nlohmann::json::parse(outcome.output).at("rows");
  ASSERT_EQ(rows.size(), 2U);
  const auto alone = nlohmann::json::parse(run_aifsim({"collective", "platforms/dgx-h100-32.yaml", "--op", "all_reduce",
                                                       "--sizes", "1M", "--set", "nodes.count=4", "--format", "json"})
                                               .output);
  EXPECT_EQ(rows[1]["values"]["time"], alone["rows"][0]["time_us"]);
  EXPECT_EQ(rows[1]["values"]["nodes"], 4);
  for (const auto& row : rows) {
    for (const auto& [title, value] : row["values"].items()) EXPECT_TRUE(value.is_number()) << title;
  }
}

TEST_F(StudyCommand, any_number_of_processes_gives_the_same_bytes) {
  const std::string one = study(text, {"--jobs", "1", "--plot", scratch_.path() + "/1.svg"}).output;
  EXPECT_EQ(study(text, {"--jobs", "3", "--plot", scratch_.path() + "/3.svg"}).output, one);
  EXPECT_THAT(content_of(scratch_.path() + "/1.svg"), HasSubstr("</svg>"));
  EXPECT_EQ(content_of(scratch_.path() + "/1.svg"), content_of(scratch_.path() + "/3.svg"));
}

TEST_F(StudyCommand, out_keeps_results_and_takes_them_again) {
  const std::string out = scratch_.path() + "/out";
  const Outcome first = study(text, {"--out", out});
  ASSERT_EQ(first.exit_code, 0) << first.error;
  for (const char* name : {"table.txt", "table.json", "table.csv", "study.yaml", "plot.svg"}) {
    EXPECT_FALSE(content_of(out + '/' + name).empty()) << name;
  }
  // A kept result is believed: a changed one shows in the table.
  for (const auto& entry : std::filesystem::directory_iterator(out + "/results")) {
    if (!entry.path().filename().string().starts_with("traffic")) continue;
    auto kept = nlohmann::ordered_json::parse(content_of(entry.path().string()));
    kept["result"]["completion_s"] = 42;
    std::filesystem::remove(entry.path());
    scratch_.write("out/results/" + entry.path().filename().string(), kept.dump());
  }
  const Outcome again = study(text, {"--out", out});
  EXPECT_THAT(again.output, HasSubstr("  42  "));
}

TEST_F(StudyCommand, a_failing_case_shows_in_its_row_and_in_the_exit_status) {
  // The torus of the second case is not 4 switches: only building it shows that.
  const std::string content =
      "study: torus\ncases:\n"
      "  - {name: good, set: {scale_out.dims: \"[2, 2]\"}}\n"
      "  - {name: bad, set: {scale_out.dims: \"[3, 2]\"}}\n"
      "base: {platform: " +
      source +
      "/platforms/torus-2d-64.yaml, topology: true, set: {nodes.count: 4}}\n"
      "columns: [{title: power, value: topology.power_w}]\n";
  const Outcome outcome = study(content);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, HasSubstr("good"));
  EXPECT_THAT(outcome.output, HasSubstr("Failed:\n  bad: topology: "));
  EXPECT_THAT(outcome.error, HasSubstr("s.yaml:4:1: case \"bad\""));
}

TEST_F(StudyCommand, mistakes_are_found_before_anything_runs) {
  const auto refused = [&](const std::string& content, const char* message, std::vector<std::string> more = {}) {
    const Outcome outcome = study(content, std::move(more));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr(message));
  };
  refused(replaced(text, "  nodes.count: [2", "  nodes.cuont: [2"), "did you mean");
  refused(replaced(text, "bytes: 1 MiB}, traffic", "bytes: 1 MiB, ranks: 17}, traffic"),
          "at most the platform's 16 GPUs, got 17");
  refused(replaced(text, "axis.nodes.count", "axis.nodes"), "expected one of its axes: nodes.count, got \"nodes\"");
  refused(text.substr(0, text.find("plot:")), "what to draw for --plot", {"--plot", "x.svg"});
  refused("study: x\ncolumns: []\n", "`cases`, `axes` or both");
}

TEST_F(StudyCommand, check_reads_studies_and_what_they_name) {
  const Outcome good = run_aifsim({"check", scratch_.write("s.yaml", text)});
  EXPECT_EQ(good.exit_code, 0) << good.error;
  EXPECT_THAT(good.output, HasSubstr("ok (study)"));
  const Outcome bad =
      run_aifsim({"check", scratch_.write("s.yaml", replaced(text, "nodes.count: [2", "nodes.cuont: [2"))});
  EXPECT_EQ(bad.exit_code, 2);
}

TEST_F(StudyCommand, the_example_of_the_help_is_a_study) {
  const std::string help = run_aifsim({"study", "--help"}).output;
  const std::size_t from = help.find("  study: fabric");
  const std::size_t to = help.find("  aifsim study fabric.yaml");
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  std::string example = help.substr(from, to - from);
  for (const auto& [word, path] : {std::pair<std::string, std::string>{"../platforms", source + "/platforms"},
                                   {"../platforms", source + "/platforms"},
                                   {"llama3-8b-dp.yaml", source + "/workloads/llama3-8b-dp.yaml"}}) {
    const std::size_t at = example.find(word + (word == "../platforms" ? "/" : ""));
    ASSERT_NE(at, std::string::npos) << word;
    example.replace(at, word.size(), path);
  }
  const Outcome outcome = run_aifsim({"check", scratch_.write("fabric.yaml", example)});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
}

}  // namespace
}  // namespace aifsim::cli
