// Images from a file to a report, as a user runs them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/process.hpp"

namespace aifsim::cli {
namespace {

const std::vector<std::string> run_words{"run", "platforms/dgx-h100-2.yaml", "workloads/serve-qwen2.5-vl-72b.yaml"};

Outcome run_with(std::vector<std::string> more) {
  std::vector<std::string> words = run_words;
  words.insert(words.end(), more.begin(), more.end());
  return run_aifsim(words);
}

TEST(ImagesRun, every_output_has_them) {
  const Scratch scratch;
  const Outcome text = run_with({"--set", "requests.count=20", "--out", scratch.path() + "/out"});
  ASSERT_EQ(text.exit_code, 0) << text.error;
  EXPECT_NE(text.output.find("images of 1,"), std::string::npos) << text.output;
  EXPECT_NE(text.output.find("preparing images on the host"), std::string::npos);
  const std::string lines = content_of(scratch.path() + "/out/requests.csv");
  EXPECT_NE(lines.find("e2e_s,images,image_tokens,encoded_images,adapter\n"), std::string::npos);
  const Outcome json = run_with({"--set", "requests.count=20", "--format", "json"});
  const nlohmann::json job = nlohmann::json::parse(json.output).at("jobs").at(0);
  EXPECT_GT(job.at("images").at("brought"), 0);
  EXPECT_EQ(job.at("images").at("brought"), job.at("images").at("encoded"));
  EXPECT_GT(job.at("pools").at(0).at("memory").at("encoder cache"), 0);
  bool encoder = false;
  for (const auto& entry : job.at("bottlenecks")) {
    encoder = encoder || entry.at("resource").get<std::string>().rfind("vision_", 0) == 0;
  }
  EXPECT_TRUE(encoder);
}

TEST(PublicTrace, servegens_images_run_to_the_end) {
  const char* given = std::getenv("AIFSIM_TRACES");
  const std::string folder = given != nullptr ? given : std::string(AIFSIM_SOURCE_DIR) + "/../shared/traces";
  const std::string archive = folder + "/servegen/mm-image.tar.xz";
  if (!std::filesystem::exists(archive)) GTEST_SKIP() << "no " << archive;
  const Scratch scratch;
  const std::string unpack = "tar -xJf '" + archive + "' -C '" + scratch.path() + "' 2>/dev/null";
  if (std::system(unpack.c_str()) != 0) GTEST_SKIP() << "no tar with xz";
  const std::string trace = "requests.trace=" + scratch.path() + "/data/multimodal/mm-image/chunk-10-trace.csv";
  const Outcome run = run_with({"--set", trace, "--set", "requests.limit=300", "--format", "json"});
  ASSERT_EQ(run.exit_code, 0) << run.error;
  const nlohmann::json job = nlohmann::json::parse(run.output).at("jobs").at(0);
  EXPECT_EQ(job.at("completed"), 300);
  EXPECT_NEAR(job.at("images").at("brought").get<double>() / 300, 2.76, 0.6);  // image_count of the dataset
  EXPECT_EQ(job.at("images").at("encoded"), job.at("images").at("brought"));
  const Outcome blind =
      run_aifsim({"run", "platforms/dgx-h100-2.yaml", "workloads/serve-llama3-70b.yaml", "--set", trace});
  EXPECT_EQ(blind.exit_code, 2);
  EXPECT_NE(blind.error.find("requests.trace: expected no images, for Llama 3 70B has no vision encoder"),
            std::string::npos)
      << blind.error;
}

}  // namespace
}  // namespace aifsim::cli
