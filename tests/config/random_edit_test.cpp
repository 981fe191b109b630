// Whatever is done to a valid file, reading it ends in values or in a ConfigError.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "config/node.hpp"

namespace aifsim::config {
namespace {

const std::string valid =
    "# a cluster\n"
    "name: \"dgx\"\n"
    "nodes: &nodes {type: dgx-h100, count: 2048}\n"
    "scale_out:\n"
    "  topology: rail-optimized\n"
    "  bandwidth: 400 Gb/s\n"
    "  latency: 500 ns\n"
    "  tiers:\n"
    "    - {name: leaf, oversubscription: 1.0}\n"
    "    - {name: spine, oversubscription: 7}\n"
    "spare: *nodes\n"
    "text: |\n"
    "  many\n"
    "  lines\n"
    "memory: 80 GiB\n";

void read_all(const Node& node) {
  for (const std::string& key : node.is_map() ? node.keys() : std::vector<std::string>{}) read_all(node.optional(key));
  for (const Node& item : node.is_list() ? node.items() : std::vector<Node>{}) read_all(item);
  if (!node.is_scalar()) return;
  EXPECT_GE(node.text().size(), 0U);
  EXPECT_GE(node.bandwidth().base(), 0);
  EXPECT_GE(node.bytes().base(), 0);
  EXPECT_GE(node.seconds().base(), 0);
  EXPECT_GE(node.usd().base(), 0);
  EXPECT_LE(node.number({.max = 9}), 9);
  EXPECT_GE(node.integer({.min = 1}), 1);
  EXPECT_TRUE(node.boolean() || true);
}

// True if the text was read without a ConfigError.
bool reads(const std::string& yaml) {
  try {
    const std::array overrides{Override{"scale_out.tiers[1].oversubscription", "2"}, Override{"nodes.count", "[1"}};
    const Document document = Document::parse(yaml, "x.yaml", overrides);
    read_all(document.root());
    document.root().required("nodes").required("count").problem("nothing", "something");
    document.root().finish();
    EXPECT_FALSE(document.resolved().empty());
    for (const Problem& problem : document.problems()) EXPECT_FALSE(problem.message().empty());
    return true;
  } catch (const ConfigError& error) {
    EXPECT_FALSE(error.problems().empty());
    return false;
  }
}

std::string edited(std::string text, std::mt19937& random) {
  const auto below = [&random](std::size_t limit) { return random() % limit; };
  const std::string special = "{}[]:,#&*!|>'\"%@`-? \t\n\\~0\x01\xFF";
  for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0: text.erase(at, 1 + below(8)); break;
      case 1: text.insert(at, 1, special[below(special.size())]); break;
      case 2: text[at] = static_cast<char>(below(256)); break;
      case 3: text.insert(at, text.substr(below(text.size()), below(30))); break;
      default: text.resize(std::max<std::size_t>(1, at)); break;
    }
    if (text.empty()) text = "x";
  }
  return text;
}

TEST(RandomEdit, NeverDoesMoreThanAConfigError) {
  std::mt19937 random(1);
  int good = 0;
  constexpr int rounds = 4000;
  for (int i = 0; i < rounds; ++i) {
    const std::string text = edited(valid, random);
    SCOPED_TRACE(text);
    good += reads(text) ? 1 : 0;
  }
  // The edits are neither all harmless nor all fatal: both ways are exercised.
  EXPECT_GT(good, rounds / 20);
  EXPECT_LT(good, rounds - rounds / 20);
}

TEST(RandomEdit, TheValidFileReads) { EXPECT_TRUE(reads(valid)); }

}  // namespace
}  // namespace aifsim::config
