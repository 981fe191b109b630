#include "config/node.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>

namespace aifsim::config {
namespace {

Document parsed(const std::string& yaml) { return Document::parse(yaml, "x.yaml"); }

TEST(Node, ReadsEveryKindOfValue) {
  const Document document = parsed(
      "count: 8\nnegative: -3\nshare: 0.25\nbig: 1e3\nname: llama \non: true\noff: false\nprecision: BF16\n"
      "algorithm: tree\nquoted: \"400\"\nlist: [1, 2, 3]\nmap: {a: {b: 5}}\n");
  const Node root = document.root();
  EXPECT_EQ(root.required("count").integer({.min = 1}), 8);
  EXPECT_EQ(root.required("negative").integer(), -3);
  EXPECT_EQ(root.required("share").number({.min = 0, .max = 1}), 0.25);
  EXPECT_EQ(root.required("big").number(), 1000);
  EXPECT_EQ(root.required("name").text(), "llama");
  EXPECT_TRUE(root.required("on").boolean());
  EXPECT_FALSE(root.required("off").boolean());
  EXPECT_EQ(root.required("precision").precision(), Precision::bf16);
  EXPECT_EQ(root.required("quoted").text(), "400");
  constexpr std::array<std::string_view, 2> algorithms{"ring", "tree"};
  EXPECT_EQ(root.required("algorithm").choice(algorithms), 1U);
  const std::vector<Node> items = root.required("list").items();
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[2].integer(), 3);
  EXPECT_EQ(items[2].path(), "list[2]");
  const Node inner = root.required("map").required("a").required("b");
  EXPECT_EQ(inner.integer(), 5);
  EXPECT_EQ(inner.path(), "map.a.b");
  EXPECT_EQ(inner.line(), 12);
  EXPECT_EQ(inner.file(), "x.yaml");
  root.finish();
  EXPECT_NO_THROW(document.check());
}

TEST(Node, ReadsQuantitiesInEveryUnit) {
  struct Written {
    const char* text;
    double base;
  };
  const auto read = [](const char* text, auto member) {
    const Document document = parsed(std::string("v: ") + text + "\n");
    const double base = (document.root().required("v").*member)().base();
    EXPECT_FALSE(document.has_problems()) << text;
    return base;
  };
  for (const auto& [text, base] : {Written{"5 ns", 5e-9},
                                   {"5 us", 5e-6},
                                   {"5 \u00B5s", 5e-6},
                                   {"5 \u03BCs", 5e-6},
                                   {"5 ms", 5e-3},
                                   {"5 s", 5},
                                   {"5 min", 300},
                                   {"2 h", 7200},
                                   {"0 ns", 0}}) {
    EXPECT_NEAR(read(text, &Node::seconds), base, 1e-12 * base) << text;
  }
  for (const auto& [text, base] : {Written{"7 B", 7},
                                   {"1.5 kB", 1500},
                                   {"2 MB", 2e6},
                                   {"80 GB", 80e9},
                                   {"3 TB", 3e12},
                                   {"1 KiB", 1024},
                                   {"1 MiB", 1048576},
                                   {"1 GiB", 1073741824},
                                   {"1 TiB", 1099511627776},
                                   {"80GB", 80e9}}) {
    EXPECT_NEAR(read(text, &Node::bytes), base, 1e-12 * base) << text;
  }
  for (const auto& [text, base] : {Written{"8 Mb/s", 1e6},
                                   {"400 Gb/s", 50e9},
                                   {"1.6 Tb/s", 200e9},
                                   {"5 MB/s", 5e6},
                                   {"900 GB/s", 900e9},
                                   {"3.35 TB/s", 3.35e12},
                                   {"1 GiB/s", 1073741824},
                                   {"1 MiB/s", 1048576}}) {
    EXPECT_NEAR(read(text, &Node::bandwidth), base, 1e-12 * base) << text;
  }
  EXPECT_NEAR(read("989.4 TFLOP/s", &Node::flop_rate), 989.4e12, 1);
  EXPECT_NEAR(read("67 GFLOP/s", &Node::flop_rate), 67e9, 1e-3);
  EXPECT_NEAR(read("10 PFLOP/s", &Node::flop_rate), 1e16, 10);
  EXPECT_NEAR(read("10.2 kW", &Node::watts), 10200, 1e-9);
  EXPECT_NEAR(read("150 MW", &Node::watts), 150e6, 1e-3);
  EXPECT_EQ(read("30000 USD", &Node::usd), 30000);
  EXPECT_EQ(read("1e3 $", &Node::usd), 1000);
}

TEST(Node, AbsentValuesTakeTheFallback) {
  const Document document = parsed("present: 1\nnothing: ~\n");
  const Node root = document.root();
  EXPECT_EQ(root.optional("a").integer_or(7), 7);
  EXPECT_EQ(root.optional("b").text_or("x"), "x");
  EXPECT_TRUE(root.optional("c").boolean_or(true));
  EXPECT_EQ(root.optional("d").number_or(0.5), 0.5);
  EXPECT_EQ(root.optional("e").bytes_or(units::GB).in(units::MB), 1000);
  EXPECT_EQ(root.optional("f").seconds_or(units::ms).base(), 1e-3);
  EXPECT_EQ(root.optional("g").bandwidth_or(units::GB_per_s).in(units::Gbit_per_s), 8);
  EXPECT_EQ(root.optional("h").watts_or(units::kW).in(units::W), 1000);
  EXPECT_EQ(root.optional("i").usd_or(units::usd).base(), 1);
  EXPECT_TRUE(root.optional("j").items().empty());
  EXPECT_FALSE(root.optional("k").optional("l").present());
  EXPECT_FALSE(root.has("nothing"));
  EXPECT_TRUE(root.has("present"));
  EXPECT_EQ(root.keys(), std::vector<std::string>{"present"});
  root.finish();
  EXPECT_FALSE(document.has_problems());
}

// Else a value that is not there would silently be zero.
TEST(Node, ReadingAnAbsentOptionalIsAProblem) {
  const Document document = parsed("a: 1\n");
  EXPECT_EQ(document.root().optional("b").integer(), 0);
  EXPECT_EQ(document.root().optional("section").required("key").integer(), 0);
  ASSERT_EQ(document.problems().size(), 2U);
  EXPECT_EQ(document.problems()[0].message(), "x.yaml:1:1: b: expected an integer, got nothing");
  EXPECT_EQ(document.problems()[1].message(), "x.yaml:1:1: section.key: expected a value, got nothing");
}

TEST(Node, OneMistakeIsOneProblem) {
  const Document document = parsed("a: x\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(document.root().required("a").integer(), 0);
  const Node missing = document.root().required("section");
  EXPECT_EQ(missing.required("key").integer({.min = 2}), 2);
  EXPECT_TRUE(missing.optional("list").items().empty());
  EXPECT_EQ(document.problems().size(), 2U);
}

TEST(Node, KeysKeepTheirOrderAndDoNotCountAsAsked) {
  const Document document = parsed("z: 1\na: 2\nm: 3\n");
  EXPECT_EQ(document.root().keys(), (std::vector<std::string>{"z", "a", "m"}));
  EXPECT_EQ(document.root().optional("z").integer(), 1);
  document.root().finish();
  EXPECT_EQ(document.problems().size(), 2U);
}

TEST(Node, FinishLooksIntoMapsThatWereRead) {
  const Document document = parsed("list: [{a: 1, b: 2}]\nfree: {any: 1}\n");
  EXPECT_EQ(document.root().required("list").items()[0].required("a").integer(), 1);
  EXPECT_EQ(document.root().required("free").keys().size(), 1U);
  document.root().finish();
  ASSERT_EQ(document.problems().size(), 1U);
  EXPECT_EQ(document.problems()[0].key, "list[0].b");
}

TEST(Node, OutlivesItsDocument) {
  const Node node = parsed("a: 5\n").root().required("a");
  EXPECT_EQ(node.integer(), 5);
}

TEST(Node, CallersAddProblemsOfTheirOwn) {
  const Document document = parsed("tp: 3\n");
  document.root().required("tp").problem("a divisor of 128 heads", "3", "did you mean 4?");
  EXPECT_THROW(document.check(), ConfigError);
  EXPECT_EQ(document.problems()[0].message(),
            "x.yaml:1:5: tp: expected a divisor of 128 heads, got 3 (did you mean 4?)");
}

TEST(Document, AliasesRepeatAValue) {
  const Document document = parsed("a: &tier {oversubscription: 7}\nb: *tier\n");
  EXPECT_EQ(document.root().required("b").required("oversubscription").integer(), 7);
  EXPECT_EQ(document.root().required("a").required("oversubscription").integer(), 7);
}

TEST(Document, OverridesApplyInOrder) {
  const std::array overrides{parse_override("nodes.count=4"), parse_override("tiers[1].share=0.5"),
                             parse_override("nodes.count=6"), parse_override("new.key=[1, 2]"),
                             parse_override("text=a=b")};
  const Document document = Document::parse("nodes: {count: 2}\ntiers: [{}, {share: 1}]\n", "x.yaml", overrides);
  const Node root = document.root();
  EXPECT_EQ(root.required("nodes").required("count").integer(), 6);
  EXPECT_EQ(root.required("tiers").items()[1].required("share").number(), 0.5);
  EXPECT_EQ(root.required("new").required("key").items().size(), 2U);
  EXPECT_EQ(root.required("text").text(), "a=b");
  // A relative path on the command line is relative to the working directory.
  EXPECT_EQ(root.required("text").file(), "--set");
  EXPECT_EQ(root.required("nodes").file(), "x.yaml");
  EXPECT_FALSE(document.has_problems());
}

TEST(Document, ExtendsMergesDeeply) {
  const auto folder = std::filesystem::temp_directory_path() / "aifsim_extends_merges";
  std::filesystem::create_directories(folder / "sub");
  std::ofstream(folder / "base.yaml") << "nodes: {count: 2, type: h100}\nlist: [1, 2]\ngone: 1\n";
  std::ofstream(folder / "sub" / "child.yaml")
      << "extends: ../base.yaml\nnodes:\n  count: 4\nlist: [9]\ngone: ~\nown: yes\n";
  const std::array overrides{parse_override("nodes.type=b200")};
  const Document document = Document::load((folder / "sub" / "child.yaml").string(), overrides);
  const Node nodes = document.root().required("nodes");
  EXPECT_EQ(nodes.required("count").integer(), 4);
  EXPECT_EQ(nodes.required("type").text(), "b200");
  EXPECT_EQ(document.root().required("list").items().size(), 1U);
  EXPECT_EQ(document.root().required("list").file(), (folder / "sub" / "child.yaml").string());
  EXPECT_EQ(document.root().required("list").line(), 4);
  EXPECT_FALSE(document.root().has("gone"));
  EXPECT_FALSE(document.root().has("extends"));
  EXPECT_EQ(document.resolved(), "nodes:\n  count: 4\n  type: b200\nlist: [9]\ngone: ~\nown: yes\n");
  EXPECT_EQ(document.file(), (folder / "sub" / "child.yaml").string());
  std::filesystem::remove_all(folder);
}

TEST(Document, ResolvedReadsBackAsItself) {
  const std::string yaml =
      "a: \"true\"\nb: 400 Gb/s\nc: []\nd: {}\ne:\n  - x: 1\n  - [1, 2]\n  - ~\nf: \"line\\nline: [\"\ng: ''\n"
      "h: \"~\"\n\"key: with\": 1\n";
  const std::string once = parsed(yaml).resolved();
  EXPECT_EQ(parsed(once).resolved(), once);
  EXPECT_EQ(parsed(once).root().required("f").text(), "line\nline: [");
  EXPECT_EQ(parsed(once).root().required("h").text(), "~");
  EXPECT_EQ(parsed(once).root().required("key: with").integer(), 1);
}

TEST(Document, ProblemsAreSortedByPlace) {
  const Document document = parsed("a: x\nb: y\n");
  EXPECT_EQ(document.root().required("b").integer(), 0);
  EXPECT_EQ(document.root().required("a").integer(), 0);
  try {
    document.check();
    FAIL();
  } catch (const ConfigError& error) {
    ASSERT_EQ(error.problems().size(), 2U);
    EXPECT_EQ(error.problems()[0].key, "a");
    EXPECT_EQ(error.problems()[1].key, "b");
  }
}

TEST(Nearest, FindsTypingMistakesAndNothingElse) {
  const std::vector<std::string> known{"bandwidth", "latency", "tensor_parallel", "count", "tp"};
  EXPECT_EQ(nearest("bandwith", known), "bandwidth");
  EXPECT_EQ(nearest("Latency", known), "latency");
  EXPECT_EQ(nearest("tensor-parallel", known), "tensor_parallel");
  EXPECT_EQ(nearest("tensorparallel", known), "tensor_parallel");
  EXPECT_EQ(nearest("conut", known), "count");
  EXPECT_EQ(nearest("banana", known), std::nullopt);
  EXPECT_EQ(nearest("", known), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), known), std::nullopt);
  EXPECT_EQ(nearest("x", std::vector<std::string>{}), std::nullopt);
}

}  // namespace
}  // namespace aifsim::config
