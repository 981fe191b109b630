// Traces that are cut off, garbled or saved by another program: each is read, or refused by file, line and column.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "base/error.hpp"
#include "serving/source_case.hpp"

namespace aifsim::serving {
namespace {

class DamagedTrace : public testing::TestWithParam<std::string> {
 protected:
  DamagedTrace() : folder_(testing::TempDir() + "damaged-" + GetParam()) {
    std::filesystem::create_directories(folder_);
    const char* lengths = "chunk-1-dataset.json";  // ServeGen's other half
    std::filesystem::copy_file(data_folder + lengths, folder_ + "/" + lengths,
                               std::filesystem::copy_options::overwrite_existing);
    std::ifstream file(data_folder + GetParam(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    whole_ = text.str();
  }

  // Whether it was read to its end, or as far as anybody looks.
  bool read(const std::string& bytes, const std::string& what) {
    const std::string path = folder_ + "/" + GetParam();
    std::ofstream(path, std::ios::binary) << bytes;
    const TraceFormat* format = detect_trace(path);
    if (format == nullptr) return false;
    try {
      const auto reader = format->open(path, 1);
      TraceRecord record;
      for (int i = 0; i < 10'000 && reader->next(record); ++i) {
        EXPECT_GE(record.request.prompt.tokens, 0) << what;
        EXPECT_GE(record.request.output_tokens, 0) << what;
        EXPECT_TRUE(std::isfinite(record.request.prompt.arrival.base())) << what;
      }
      return true;
    } catch (const ConfigError& error) {
      const Problem& problem = error.problems().front();
      EXPECT_TRUE(problem.file.starts_with(folder_)) << what << ": " << error.what();
      EXPECT_GT(problem.line, 0) << what << ": " << error.what();
      EXPECT_GT(problem.column, 0) << what << ": " << error.what();
      return false;
    }
  }

  std::string folder_, whole_;
};

TEST_P(DamagedTrace, cut_off_anywhere) {
  EXPECT_TRUE(read(whole_, "whole"));
  for (std::size_t size = 0; size < whole_.size(); size += 3)
    read(whole_.substr(0, size), "first " + std::to_string(size));
  for (std::size_t from = 1; from < whole_.size(); from += 7) read(whole_.substr(from), "from " + std::to_string(from));
}

TEST_P(DamagedTrace, garbled) {
  const std::vector<std::string> rubbish{
      "\"",  ",",    "\n",   "-",   "e999", "99999999999999999999", std::string(1, '\0'), "[", "}", "nan",
      "inf", "\xff", "null", "1.5", ""};
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    std::string text = whole_;
    for (auto many = 1 + random() % 3; many > 0; --many) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = static_cast<char>(random() % 256);
      } else {
        text.replace(at, random() % 3, rubbish[random() % rubbish.size()]);
      }
    }
    read(text, "garbled " + std::to_string(i));
  }
}

TEST_P(DamagedTrace, saved_by_another_program) {
  std::string windows;
  for (const char c : whole_) windows += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_TRUE(read(windows, "CRLF"));
  EXPECT_TRUE(read("\xef\xbb\xbf" + whole_, "byte order mark"));
  EXPECT_FALSE(read("", "empty"));
  EXPECT_FALSE(read(std::string(1000, '\0'), "zeros"));
  read(whole_ + std::string(100'000, '['), "deep");
}

INSTANTIATE_TEST_SUITE_P(Files, DamagedTrace,
                         testing::Values("azure.csv", "bailian.jsonl", "burstgpt.csv", "chunk-1-trace.csv",
                                         "lengths.csv", "log.jsonl", "mooncake.jsonl", "plain.csv"),
                         [](const auto& parameter) {
                           std::string name = parameter.param.substr(0, parameter.param.find('.'));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace aifsim::serving
