// Every mistake in a value, with the whole message a user sees.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "config/node.hpp"

namespace aifsim::config {
namespace {

using Reader = std::function<void(const Node&)>;

// What a reader says about `value` in the file "x.yaml" with the one line "key: <value>".
struct Case {
  std::string value;
  Reader reader;
  std::string message;  // after "x.yaml:1:6: key: "
};

void PrintTo(const Case& bad, std::ostream* out) { *out << bad.value; }

std::string problems_of(const std::string& yaml, const Reader& read_root) {
  const Document document = Document::parse(yaml, "x.yaml");
  read_root(document.root());
  document.root().finish();
  try {
    document.check();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

const Reader bandwidth = [](const Node& node) { EXPECT_EQ(node.bandwidth().base(), 0); };
const Reader seconds = [](const Node& node) { EXPECT_EQ(node.seconds().base(), 0); };
const Reader bytes = [](const Node& node) { EXPECT_EQ(node.bytes().base(), 0); };
const Reader flop_rate = [](const Node& node) { EXPECT_EQ(node.flop_rate().base(), 0); };
const Reader watts = [](const Node& node) { EXPECT_EQ(node.watts().base(), 0); };
const Reader usd = [](const Node& node) { EXPECT_EQ(node.usd().base(), 0); };
const Reader count = [](const Node& node) { EXPECT_EQ(node.integer({.min = 1, .max = 64}), 1); };
const Reader positive = [](const Node& node) { EXPECT_EQ(node.integer({.min = 1}), 1); };
const Reader any_integer = [](const Node& node) { EXPECT_EQ(node.integer(), 0); };
const Reader share = [](const Node& node) { EXPECT_EQ(node.number({.min = 0, .max = 1}), 0); };
const Reader at_most = [](const Node& node) { EXPECT_EQ(node.number({.max = 2}), 0); };
const Reader boolean = [](const Node& node) { EXPECT_FALSE(node.boolean()); };
const Reader text = [](const Node& node) { EXPECT_EQ(node.text(), ""); };
const Reader precision = [](const Node& node) { EXPECT_EQ(node.precision(), Precision::bf16); };
const Reader list = [](const Node& node) { EXPECT_TRUE(node.items().empty()); };
const Reader map = [](const Node& node) { EXPECT_FALSE(node.optional("inner")); };
const Reader algorithm = [](const Node& node) {
  constexpr std::array<std::string_view, 3> algorithms{"ring", "tree", "nvls"};
  EXPECT_EQ(node.choice(algorithms), 0U);
};

class BadValue : public testing::TestWithParam<Case> {};

TEST_P(BadValue, IsExplained) {
  const Case& bad = GetParam();
  const std::string message =
      problems_of("key: " + bad.value + "\n", [&](const Node& root) { bad.reader(root.required("key")); });
  EXPECT_EQ(message, "x.yaml:1:6: key: " + bad.message);
}

const std::string bandwidth_expected = "expected a bandwidth with unit, such as \"400 Gb/s\", got ";
const std::string time_expected = "expected a time with unit, such as \"500 ns\", got ";
const std::string size_expected = "expected a size with unit, such as \"80 GB\", got ";

const std::vector<Case> bad_quantities{
    {"400", bandwidth, bandwidth_expected + "400 (did you mean \"400 Gb/s\"?)"},
    {"400 Gbps", bandwidth, bandwidth_expected + "\"400 Gbps\" (did you mean \"400 Gb/s\"?)"},
    {"50 GBps", bandwidth, bandwidth_expected + "\"50 GBps\" (did you mean \"50 GB/s\"?)"},
    {"400 gb/s", bandwidth, bandwidth_expected + "\"400 gb/s\" (did you mean \"400 Gb/s\" or \"400 GB/s\"?)"},
    {"400 GB", bandwidth, bandwidth_expected + "\"400 GB\" (did you mean \"400 GB/s\"?)"},
    {"400 furlongs", bandwidth,
     bandwidth_expected + "\"400 furlongs\" (units: Mb/s, Gb/s, Tb/s, MB/s, GB/s, TB/s, MiB/s, GiB/s)"},
    {"-400 Gb/s", bandwidth, "expected a bandwidth of at least 0, got \"-400 Gb/s\""},
    {".nan Gb/s", bandwidth, "expected a finite number and its unit, such as \"400 Gb/s\", got \".nan Gb/s\""},
    {"nan", bandwidth, "expected a finite number and its unit, such as \"400 Gb/s\", got nan"},
    {"inf GB/s", bandwidth, "expected a finite number and its unit, such as \"400 Gb/s\", got \"inf GB/s\""},
    {"1e999 GB/s", bandwidth, "expected a finite number and its unit, such as \"400 Gb/s\", got \"1e999 GB/s\""},
    {"1e308 TB/s", bandwidth, "expected a bandwidth that a computer can hold, got \"1e308 TB/s\""},
    {"fast", bandwidth, bandwidth_expected + "\"fast\""},
    {"[400 Gb/s]", bandwidth, bandwidth_expected + "a list"},
    {"{value: 400 Gb/s}", bandwidth, bandwidth_expected + "a map"},
    {"500", seconds, time_expected + "500 (did you mean \"500 s\"?)"},
    {"5 sec", seconds, time_expected + "\"5 sec\" (did you mean \"5 s\"?)"},
    {"5 GB", seconds, time_expected + "\"5 GB\" (units: ns, us, ms, s, min, h)"},
    {"80 gb", bytes, size_expected + "\"80 gb\" (did you mean \"80 GB\"?)"},
    {"80 GB/s", bytes, size_expected + "\"80 GB/s\" (did you mean \"80 GB\"?)"},
    {"80 gib", bytes, size_expected + "\"80 gib\" (did you mean \"80 GiB\"?)"},
    {"80 80 GB", bytes, size_expected + "\"80 80 GB\" (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)"},
    {"989 TFLOPS", flop_rate,
     "expected a FLOP rate with unit, such as \"989.4 TFLOP/s\", got \"989 TFLOPS\" (did you mean \"989 TFLOP/s\"?)"},
    {"700 w", watts, "expected a power with unit, such as \"700 W\", got \"700 w\" (did you mean \"700 W\"?)"},
    {"$30000", usd,
     "expected an amount of money with unit, such as \"30000 USD\", got \"$30000\" (did you mean \"30000 USD\"?)"},
    {"30000", usd,
     "expected an amount of money with unit, such as \"30000 USD\", got 30000 (did you mean \"30000 USD\"?)"},
};
INSTANTIATE_TEST_SUITE_P(Quantity, BadValue, testing::ValuesIn(bad_quantities));

const std::vector<Case> bad_scalars{
    {"0", count, "expected an integer from 1 to 64, got 0"},
    {"-3", positive, "expected an integer of at least 1, got -3"},
    {"eight", count, "expected an integer from 1 to 64, got \"eight\""},
    {"8.0", any_integer, "expected an integer, got 8.0 (did you mean \"8\"?)"},
    {"16e6", any_integer, "expected an integer, got 16e6 (did you mean \"16000000\"?)"},
    {"2.5", any_integer, "expected an integer, got 2.5"},
    {"99999999999999999999", any_integer, "expected an integer, got 99999999999999999999"},
    {"8 GPUs", count, "expected an integer from 1 to 64, got \"8 GPUs\""},
    {"1.5", share, "expected a number from 0 to 1, got 1.5"},
    {"50%", share, "expected a number from 0 to 1, got \"50%\" (did you mean \"0.5\"?)"},
    {".nan", share, "expected a number from 0 to 1, got .nan"},
    {"-.inf", at_most, "expected a number of at most 2, got -.inf"},
    {"3", at_most, "expected a number of at most 2, got 3"},
    {"yes", boolean, "expected true or false, got \"yes\" (did you mean \"true\"?)"},
    {"False", boolean, "expected true or false, got \"False\" (did you mean \"false\"?)"},
    {"maybe", boolean, "expected true or false, got \"maybe\""},
    {"[a, b]", text, "expected text, got a list"},
    {"rnig", algorithm, "expected one of ring, tree, nvls, got \"rnig\" (did you mean \"ring\"?)"},
    {"butterfly", algorithm, "expected one of ring, tree, nvls, got \"butterfly\""},
    {"fp16", precision, "expected one of fp64, fp32, tf32, bf16, fp8, mxfp8, nvfp4, mxfp4, got \"fp16\""},
    {"5", list, "expected a list, got 5"},
    {"{a: 5}", list, "expected a list, got a map"},
    {"5", map, "expected a map, got 5"},
    {"\"a\\x01b\"", any_integer, "expected an integer, got \"a\\x01b\""},
};
INSTANTIATE_TEST_SUITE_P(Scalar, BadValue, testing::ValuesIn(bad_scalars));

}  // namespace
}  // namespace aifsim::config
