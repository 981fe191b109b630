// aifsim topology and aifsim traffic as a script sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "process.hpp"

namespace aifsim::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Words = std::vector<std::string>;

Words joined(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

nlohmann::json json_of(const Words& arguments) {
  const Outcome outcome = run_aifsim(joined(arguments, {"--format", "json"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
  return nlohmann::json::parse(outcome.output, nullptr, false);
}

// Every key that the command prints is in its help.
void expect_documented(const nlohmann::json& document, const std::string& help, const std::string& except = "schema") {
  for (const auto& [key, value] : document.items()) {
    if (key != except) {
      EXPECT_THAT(help, HasSubstr(key));
    }
    if (value.is_array() && !value.empty() && value.front().is_object()) expect_documented(value.front(), help);
  }
}

TEST(TopologyCommand, json_has_the_documented_keys) {
  const auto json = json_of({"topology", "platforms/dgx-h100-32.yaml"});
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json.at("devices").at("gpu"), 256);
  for (const auto& entry : json.at("switches")) {
    EXPECT_THAT(entry.at("tier").get<std::string>(), testing::AnyOf("leaf", "spine", "core", "nvswitch", "ocs"));
  }
  for (const char* key : {"transceivers", "lasers", "power_w", "capex_usd", "diameter_hops", "mean_hops",
                          "bisection_bytes_per_s_per_gpu", "oversubscription", "link_failures_per_day", "cables"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  expect_documented(json, run_aifsim({"topology", "--help"}).output);
}

TEST(TopologyCommand, other_formats_are_what_they_say) {
  EXPECT_THAT(run_aifsim({"topology", "platforms/gh200-64.yaml", "--format", "dot"}).output, HasSubstr("graph"));
  EXPECT_THAT(run_aifsim({"topology", "platforms/gh200-64.yaml", "--format", "graphml"}).output, HasSubstr("<graphml"));
  EXPECT_THAT(run_aifsim({"topology", "platforms/gh200-64.yaml"}).output, HasSubstr("bisection per GPU"));
}

TEST(TopologyCommand, a_network_that_cannot_be_built_is_refused) {
  const auto refused = [](const Words& arguments, const char* message) {
    const Outcome outcome = run_aifsim(joined({"topology"}, arguments));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr(message));
  };
  refused({"platforms/torus-2d-64.yaml", "--set", "scale_out.dims=[8, 7]"}, "sizes that multiply to the 64 switches");
  refused({"platforms/torus-2d-64.yaml", "--set", "scale_out.links=80"}, "expected a switch of at least");
  refused({"nowhere.yaml"}, "nowhere.yaml");
}

TEST(TrafficCommand, json_has_the_documented_keys_and_adds_up) {
  const auto json = json_of({"traffic", "platforms/torus-2d-64.yaml", "--pattern", "all-to-all", "--bytes", "1MiB"});
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json.at("flows"), 512 * 511);
  EXPECT_LT(json.at("classes"), 1000);
  EXPECT_EQ(json.at("bytes").get<double>(), 512.0 * 511 * 1048576);
  EXPECT_EQ(json.at("crossing_bytes").get<double>(), 256.0 * 256 * 1048576);
  // A torus's bisection is what bounds an all-to-all.
  EXPECT_GT(json.at("achieved"), 0.99);
  EXPECT_LE(json.at("achieved"), 1 + 1e-9);
  expect_documented(json, run_aifsim({"traffic", "--help"}).output);
}

TEST(TrafficCommand, the_seed_alone_decides) {
  const auto text = [](const char* seed) {
    return run_aifsim({"traffic", "platforms/dgx-h100-32.yaml", "--format", "csv", "--seed", seed}).output;
  };
  EXPECT_THAT(text("3"), StartsWith("figure,value\n"));
  EXPECT_EQ(text("3"), text("3"));
}

TEST(TrafficCommand, mistakes_name_what_is_expected) {
  const auto refused = [](const Words& arguments, const char* message) {
    const Outcome outcome = run_aifsim(joined({"traffic", "platforms/dgx-h100-32.yaml"}, arguments));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr(message));
  };
  refused({"--pattern", "permutatoin"}, "permutation, incast, all-to-all, shift or a .csv file");
  refused({"--bytes", "0 MiB"}, "--bytes");
  refused({"--bytes", "64"}, "--bytes");
  refused({"--concurrent", "0"}, "--concurrent");
  refused({"--pattern", "nowhere.csv"}, "nowhere.csv");
}

}  // namespace
}  // namespace aifsim::cli
