#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "report/human.hpp"
#include "report/sample_report.hpp"
#include "report/writer.hpp"

namespace aifsim::report {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string without_escapes(const std::string& text) {
  std::string plain;
  bool escape = false;
  for (const char letter : text) {
    if (letter == '\033') escape = true;
    if (!escape) plain += letter;
    if (letter == 'm') escape = false;
  }
  return plain;
}

TEST(TextWriter, keeps_to_a_hundred_columns) {
  for (const std::string& line : lines_of(write_text(sample_report(), {}))) {
    EXPECT_LE(display_width(line), 100U) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
  }
}

TEST(TextWriter, says_the_headline_figures) {
  const std::string text = write_text(sample_report(), {});
  for (const char* figure :
       {"llama3-405b-pretrain on dgx-h100-2048", "6.200 s", "2,700,000", "164.8", "400.3", "40.5 %", "16,384 GPUs",
        "gemm mlp_up", "leaf3→spine7", "80.0 GiB", "fluid", "and 4 more"}) {
    EXPECT_THAT(text, testing::HasSubstr(figure));
  }
}

TEST(TextWriter, plain_text_has_no_escapes_and_colour_changes_only_escapes) {
  const std::string plain = write_text(sample_report(), {.colour = false});
  const std::string coloured = write_text(sample_report(), {.colour = true});
  EXPECT_EQ(plain.find('\033'), std::string::npos);
  EXPECT_NE(coloured.find('\033'), std::string::npos);
  EXPECT_EQ(without_escapes(coloured), plain);
}

TEST(TextWriter, an_empty_report_is_still_text) {
  EXPECT_THAT(write_text(metrics::RunReport{}, {}), testing::HasSubstr("0 B on 0 channels"));
}

TEST(CsvWriter, one_line_per_channel_and_quotes_where_needed) {
  auto report = sample_report();
  report.network.channels = {{"a→b", "nvlink4", 1.5 * units::GB, 0.25}, {"x, \"y\"", "m", 1 * units::B, 0.1}};
  EXPECT_EQ(write_channels_csv(report, {}),
            "name,medium,bytes,busy_share\n"
            "a→b,nvlink4,1500000000,0.25\n"
            "\"x, \"\"y\"\"\",m,1,0.1\n");
}

}  // namespace
}  // namespace aifsim::report
