#include "report/output_directory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "report/sample_report.hpp"
#include "report/writer.hpp"

namespace aifsim::report {
namespace {

namespace fs = std::filesystem;

class OutputDirectory : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_); }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_ = fs::temp_directory_path() / ("aifsim_report_test_" + std::to_string(::getpid()));
};

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_F(OutputDirectory, holds_the_report_and_the_inputs_and_nothing_else) {
  const fs::path target = root_ / "deep" / "down";
  write_output_directory(target.string(), sample_report());
  write_output_directory(target.string(), sample_report());  // again, over the first
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(target)) names.insert(entry.path().filename().string());
  EXPECT_EQ(names,
            (std::set<std::string>{"channels.csv", "platform.yaml", "report.json", "series.csv", "workload.yaml"}));
  EXPECT_EQ(content(target / "report.json"), write_json(sample_report(), {}));
  EXPECT_EQ(content(target / "channels.csv"), write_channels_csv(sample_report(), {}));
  EXPECT_EQ(content(target / "platform.yaml"), "nodes: {type: dgx-h100, count: 2048}\n");
  EXPECT_EQ(content(target / "workload.yaml"), "model: llama3-405b\n");
}

TEST_F(OutputDirectory, a_file_in_the_way_is_the_users_mistake) {
  const fs::path file = root_ / "file";
  std::ofstream(file) << "x";
  try {
    write_output_directory(file.string(), sample_report());
    FAIL() << "wrote into a file";
  } catch (const ConfigError& error) {
    EXPECT_EQ(
        std::string(error.what()).rfind("--out: expected a directory that can be written, got " + file.string(), 0), 0U)
        << error.what();
  }
}

}  // namespace
}  // namespace aifsim::report
