#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "report/json_keys.hpp"
#include "report/sample_report.hpp"
#include "report/writer.hpp"

namespace aifsim::report {
namespace {

using Json = nlohmann::ordered_json;

Json written() { return Json::parse(write_json(sample_report(), {})); }

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(JsonWriter, keys_stand_in_the_promised_order) {
  const Json json = written();
  EXPECT_EQ(keys_of(json), (std::vector<std::string>{"schema", "provenance", "jobs", "network", "run_cost"}));
  const std::vector<std::string> job{
      "name", "kind", "step_time_s", "tokens_per_s", "tokens_per_s_per_gpu", "model_tflops_per_gpu",
      "mfu",  "hfu",  "memory",      "breakdown",    "bottlenecks"};
  const auto have = keys_of(json["jobs"][0]);
  ASSERT_GE(have.size(), job.size());
  EXPECT_EQ(std::vector<std::string>(have.begin(), have.begin() + static_cast<std::ptrdiff_t>(job.size())), job);
  EXPECT_EQ(json["schema"], "aifsim.run/1");
}

TEST(JsonWriter, numbers_come_back_to_the_last_bit) {
  const auto report = sample_report();
  const Json json = written();
  const Json& job = json["jobs"][0];
  EXPECT_EQ(job["step_time_s"].get<double>(), report.jobs[0].step_time.in(units::s));
  EXPECT_EQ(job["tokens_per_s_per_gpu"].get<double>(), 164.8125);
  EXPECT_EQ(job["memory"]["activations"].get<double>(), report.jobs[0].memory.classes[2].bytes.in(units::B));
  EXPECT_EQ(job["memory"]["capacity"].get<double>(), 80.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(job["breakdown"]["tp_comm"].get<double>(), report.jobs[0].breakdown.at("tp_comm").in(units::s));
  EXPECT_EQ(json["provenance"]["seed"].get<std::uint64_t>(), 7U);
  EXPECT_EQ(json["run_cost"]["flows"].get<std::uint64_t>(), 40211U);
}

TEST(JsonWriter, bottlenecks_are_complete_and_sorted) {
  const Json json = written();
  const Json& list = json["jobs"][0]["bottlenecks"];
  EXPECT_EQ(list.size(), sample_report().jobs[0].blames.size());
  EXPECT_EQ(list[0]["resource"], "gemm mlp_up");
  double share = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    share += list[i]["share"].get<double>();
    if (i > 0) {
      EXPECT_GE(list[i - 1]["blame_s"].get<double>(), list[i]["blame_s"].get<double>());
    }
  }
  EXPECT_NEAR(share, 1, 1e-12);
}

TEST(JsonWriter, busiest_channels_first_and_ten) {
  const Json json = written();
  EXPECT_EQ(json["network"]["channels_used"], 15);
  EXPECT_EQ(json["network"]["busiest"].size(), 10U);
  EXPECT_EQ(json["network"]["busiest"][0]["name"], "pod0/leaf14→spine0");
}

TEST(JsonWriter, a_file_name_that_is_not_utf8_still_gives_json) {
  auto report = sample_report();
  report.provenance.platform.file = "caf\xe9.yaml";
  EXPECT_TRUE(Json::accept(write_json(report, {})));
}

void collect(const Json& json, const std::string& path, std::set<std::string>& paths) {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) collect(value, path.empty() ? key : path + "." + key, paths);
  } else if (json.is_array()) {
    for (const auto& value : json) collect(value, path + "[]", paths);
  } else {
    paths.insert(path);
  }
}

// "jobs[].memory.weights" is documented by "jobs[].memory.<class>".
bool documents(std::string_view pattern, std::string_view path) {
  const auto hole = pattern.find('<');
  if (hole == std::string_view::npos) return pattern == path;
  return path.starts_with(pattern.substr(0, hole)) && path.substr(hole).find_first_of(".[") == std::string_view::npos;
}

TEST(JsonKeys, every_key_is_documented_and_every_documented_key_exists) {
  std::set<std::string> paths;
  collect(written(), "", paths);
  for (const std::string& path : paths) {
    EXPECT_TRUE(std::any_of(run_json_keys().begin(), run_json_keys().end(),
                            [&](const JsonKey& key) { return documents(key.path, path); }))
        << path << " is not documented";
  }
  for (const JsonKey& key : run_json_keys()) {
    EXPECT_TRUE(std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return documents(key.path, path); }))
        << key.path << " is never written";
    EXPECT_NE(describe_run_json().find(key.path), std::string::npos);
  }
}

}  // namespace
}  // namespace aifsim::report
