// Every mistake in a file as a whole, in its keys and in --set, with the whole message a user sees.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "config/node.hpp"

namespace aifsim::config {
namespace {

void read_cluster(const Node& root) {
  const Node nodes = root.required("nodes");
  EXPECT_GE(nodes.required("count").integer({.min = 1}), 0);
  EXPECT_GE(root.optional("name").text_or("none").size(), 0U);
  const Node scale_out = root.optional("scale_out");
  for (const Node& tier : scale_out.optional("tiers").items()) {
    EXPECT_GE(tier.optional("oversubscription").number_or(1, {.min = 1}), 1);
  }
  EXPECT_GE(scale_out.optional("bandwidth").bandwidth_or(units::GB_per_s).base(), 0);
  root.finish();
}

std::string message_of(const std::function<Document()>& load) {
  try {
    const Document document = load();
    read_cluster(document.root());
    document.check();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no problem";
}

struct TextCase {
  std::string yaml;
  std::string message;
};
void PrintTo(const TextCase& bad, std::ostream* out) { *out << bad.message; }
class BadText : public testing::TestWithParam<TextCase> {};
TEST_P(BadText, IsExplained) {
  EXPECT_EQ(message_of([] { return Document::parse(GetParam().yaml, "x.yaml"); }), GetParam().message);
}

const std::vector<TextCase> bad_texts{
    {"", "x.yaml: expected keys and values, got an empty file"},
    {"# only a comment\n", "x.yaml: expected keys and values, got an empty file"},
    {"just words\n", "x.yaml:1:1: expected keys and values, got \"just words\""},
    {"- a\n- b\n", "x.yaml:1:1: expected a map, got a list"},
    {"nodes: {count: 1\n", "x.yaml:2:1: expected YAML, got a syntax error (end of map flow not found)"},
    {"nodes:\n\tcount: 1\n", "x.yaml:2:7: expected spaces as indentation, got a tab"},
    {"nodes: {count: 1}\n  name: a\n", "x.yaml:2:3: expected YAML, got a syntax error (end of map not found)"},
    {"nodes: {count: *other}\n",
     "x.yaml:1:16: expected YAML, got a syntax error (the referenced anchor is not defined)"},
    {"nodes: &a {count: *a}\n",
     "x.yaml:1:19: expected an alias of a finished value, got an alias inside its own anchor"},
    {"nodes: {count: 1}\n---\nnodes: {count: 2}\n",
     "x.yaml: expected one YAML document, got several (remove the line ---)"},
    {"nodes: {count: !!int 1}\n", "x.yaml:1:16: expected plain YAML, got the tag \"tag:yaml.org,2002:int\""},
    {"nodes: {count: 1}\n? [a]\n: 5\n", "x.yaml:2:3: expected text as a key, got a list (is every bracket closed?)"},
    {"nodes: {count: 1}\nname: \xFF\xFE\n", "x.yaml:2:7: expected UTF-8 text, got the byte 0xff"},
    {"nodes: {count: 1}\nname: \xC0\xAF\n", "x.yaml:2:7: expected UTF-8 text, got the byte 0xc0"},
    {"name: \xED\xA0\x80\n", "x.yaml:1:7: expected UTF-8 text, got the byte 0xed"},
    {"name: \x04\n", "x.yaml:1:7: expected text, got the control character 0x04"},
    {std::string("name: \0\n", 8), "x.yaml:1:7: expected text, got the control character 0x00"},
    {"nodes: {count: 1}\nname: " + std::string(100, '[') + std::string(100, ']') + "\n",
     "x.yaml:2:70: expected at most 64 levels of nesting, got more"},
    {std::string(100'000, '['), "x.yaml:1:1: expected text as a key, got a list (is every bracket closed?)"},
    {std::string(100'000, '{'), "x.yaml:1:1: expected text as a key, got a map (is every bracket closed?)"},
    {"name: a\n", "x.yaml:1:1: nodes: expected a value, got nothing"},
    {"nodes: {}\n", "x.yaml:1:8: nodes.count: expected a value, got nothing"},
    {"nodes: {count: }\n", "x.yaml:1:16: nodes.count: expected a value, got nothing"},
    {"nodes: 5\n", "x.yaml:1:8: nodes: expected a map, got 5"},
    {"nodes: {cuont: 5}\n",
     "x.yaml:1:8: nodes.count: expected a value, got nothing\n"
     "x.yaml:1:9: nodes.cuont: expected a known key, got an unknown key (did you mean \"count\"?)"},
    {"nodes: {count: 5}\nbanana: 1\n",
     "x.yaml:2:1: banana: expected one of the keys name, nodes, scale_out, got an unknown key"},
    {"nodes: {count: 5}\nscale-out: {}\n",
     "x.yaml:2:1: scale-out: expected a known key, got an unknown key (did you mean \"scale_out\"?)"},
    {"nodes: {count: 5}\nnodes: {count: 6}\n",
     "x.yaml:2:1: nodes: expected each key once, got this key again (first in line 1)"},
    {"nodes: {count: 5}\nscale_out:\n  tiers:\n    - {oversubscription: 1, oversubscription: 2}\n",
     "x.yaml:4:29: scale_out.tiers[0].oversubscription: expected each key once, got this key again (first in line 4)"},
    {"nodes: {count: 5}\nscale_out:\n  tiers: [{oversubscription: 0.5}, {over: 2}]\n  bandwidth: 400\n",
     "x.yaml:3:30: scale_out.tiers[0].oversubscription: expected a number of at least 1, got 0.5\n"
     "x.yaml:3:37: scale_out.tiers[1].over: expected one of the keys oversubscription, got an unknown key\n"
     "x.yaml:4:14: scale_out.bandwidth: expected a bandwidth with unit, such as \"400 Gb/s\", got 400 (did you mean "
     "\"400 Gb/s\"?)"},
};
INSTANTIATE_TEST_SUITE_P(Text, BadText, testing::ValuesIn(bad_texts));

struct SetCase {
  std::vector<Override> overrides;
  std::string message;
};
void PrintTo(const SetCase& bad, std::ostream* out) { *out << bad.message; }
class BadOverride : public testing::TestWithParam<SetCase> {};
TEST_P(BadOverride, IsExplained) {
  const std::string yaml = "nodes: {count: 5}\nname: a\nscale_out: {tiers: [{}, {}]}\n";
  EXPECT_EQ(message_of([&] { return Document::parse(yaml, "x.yaml", GetParam().overrides); }), GetParam().message);
}

const std::vector<SetCase> bad_overrides{
    {{{"nodes.count", "0"}}, "--set nodes.count=0: nodes.count: expected an integer of at least 1, got 0"},
    {{{"nodes.count", ""}}, "--set nodes.count=: nodes.count: expected a value, got nothing"},
    {{{"nodes.cuont", "4"}},
     "--set nodes.cuont=4: nodes.cuont: expected a known key, got an unknown key (did you mean \"count\"?)"},
    {{{"new.section.key", "4"}},
     "--set new.section.key=4: new: expected one of the keys name, nodes, scale_out, got an unknown key"},
    {{{"scale_out.tiers[2].oversubscription", "4"}},
     "--set scale_out.tiers[2].oversubscription=4: scale_out.tiers: expected an index from 0 to 1, got 2"},
    {{{"scale_out.tiers", "[]"}, {"scale_out.tiers[0]", "4"}},
     "--set scale_out.tiers[0]=4: scale_out.tiers: expected an index into a list, got an empty list"},
    {{{"nodes[0].count", "4"}}, "--set nodes[0].count=4: nodes: expected a list to take [0] of, got a map"},
    {{{"name.first", "x"}}, "--set name.first=x: name: expected a map to set the key \"first\" in, got \"a\""},
    {{{"scale_out.tiers.count", "x"}},
     "--set scale_out.tiers.count=x: scale_out.tiers: expected a map to set the key \"count\" in, got a list"},
    {{{"nodes..count", "4"}},
     "--set nodes..count=4: expected a key path such as \"scale_out.tiers[1].oversubscription\", got \"nodes..count\""},
    {{{"tiers[x]", "4"}},
     "--set tiers[x]=4: expected a key path such as \"scale_out.tiers[1].oversubscription\", got \"tiers[x]\""},
    {{{"nodes", "{count: 1"}}, "--set nodes={count: 1: expected text as a key, got a map (is every bracket closed?)"},
    {{{"scale_out.bandwidth", "400"}},
     "--set scale_out.bandwidth=400: scale_out.bandwidth: expected a bandwidth with unit, such as \"400 Gb/s\", got "
     "400 "
     "(did you mean \"400 Gb/s\"?)"},
};
INSTANTIATE_TEST_SUITE_P(Set, BadOverride, testing::ValuesIn(bad_overrides));

TEST(BadOverrideText, NeedsAnEqualsSign) {
  const auto message = [](const std::string& text) {
    try {
      (void)parse_override(text);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("no problem");
  };
  EXPECT_EQ(message("nodes.count"), "--set: expected key.path=value, got \"nodes.count\"");
  EXPECT_EQ(message("=4"), "--set: expected key.path=value, got \"=4\"");
  EXPECT_EQ(message(""), "--set: expected key.path=value, got \"\"");
}

// Files in a folder of their own, named by relative paths as a user would.
class BadFile : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() / (std::string("aifsim_") + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "sub");
    std::filesystem::current_path(folder_);
  }
  void TearDown() override {
    std::filesystem::current_path("/");
    std::filesystem::remove_all(folder_);
  }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
  static std::string loading(const std::string& path) {
    return message_of([&] { return Document::load(path); });
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(BadFile, Missing) { EXPECT_EQ(loading("none.yaml"), "none.yaml: expected a readable file, got no such file"); }

TEST_F(BadFile, Directory) { EXPECT_EQ(loading("sub"), "sub: expected a file, got a directory"); }

TEST_F(BadFile, Endless) {
  EXPECT_EQ(loading("/dev/zero"), "/dev/zero: expected a file of at most 16 MB, got a larger one");
}

TEST_F(BadFile, TooLarge) {
  write("junk.yaml", std::string(16'000'001, 'x'));
  EXPECT_EQ(loading("junk.yaml"), "junk.yaml: expected a file of at most 16 MB, got a larger one");
}

TEST_F(BadFile, TooManyValues) {
  std::string text = "nodes: [";
  for (int i = 0; i < 200'001; ++i) text += "1,";
  write("many.yaml", text + "]");
  EXPECT_EQ(loading("many.yaml"),
            "many.yaml:1:400003: expected at most 200000 values, got more (aliases counted each time)");
}

TEST_F(BadFile, AliasBomb) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) text += ", " + before;
    text += "]\n";
  }
  write("bomb.yaml", text);
  EXPECT_EQ(loading("bomb.yaml"),
            "bomb.yaml:5:5: expected at most 200000 values, got more (aliases counted each time)");
}

TEST_F(BadFile, ExtendsNothing) {
  write("sub/a.yaml", "nodes: {count: 1}\nextends: none.yaml\n");
  EXPECT_EQ(loading("sub/a.yaml"),
            "sub/a.yaml:2:10: extends: expected a readable file, got \"sub/none.yaml\", no such file");
}

TEST_F(BadFile, ExtendsDirectory) {
  write("a.yaml", "extends: sub\n");
  EXPECT_EQ(loading("a.yaml"), "a.yaml:1:10: extends: expected a file, got \"sub\", a directory");
}

TEST_F(BadFile, ExtendsList) {
  write("a.yaml", "extends: [b.yaml]\n");
  EXPECT_EQ(loading("a.yaml"), "a.yaml:1:10: extends: expected the name of a file, got a list");
}

TEST_F(BadFile, ExtendsItself) {
  write("a.yaml", "extends: ./a.yaml\n");
  EXPECT_EQ(loading("a.yaml"),
            "a.yaml:1:10: extends: expected files that do not extend each other in a circle, got a.yaml -> a.yaml");
}

TEST_F(BadFile, ExtendsInACircle) {
  write("a.yaml", "extends: sub/b.yaml\n");
  write("sub/b.yaml", "extends: ../c.yaml\n");
  write("c.yaml", "extends: a.yaml\n");
  EXPECT_EQ(
      loading("a.yaml"),
      "c.yaml:1:10: extends: expected files that do not extend each other in a circle, got a.yaml -> sub/b.yaml -> "
      "c.yaml -> a.yaml");
}

TEST_F(BadFile, MistakeInTheBaseIsReportedThere) {
  write("a.yaml", "extends: sub/base.yaml\nnodes: {count: 1}\nscale_out: {tiers: 5}\n");
  write("sub/base.yaml", "scale_out:\n  bandwidth: 400\nextra: 1\nnodes: {count: 0}\n");
  EXPECT_EQ(
      loading("a.yaml"),
      "a.yaml:3:20: scale_out.tiers: expected a list, got 5\n"
      "sub/base.yaml:2:14: scale_out.bandwidth: expected a bandwidth with unit, such as \"400 Gb/s\", got 400 (did "
      "you mean \"400 Gb/s\"?)\n"
      "sub/base.yaml:3:1: extra: expected one of the keys name, nodes, scale_out, got an unknown key");
}

TEST_F(BadFile, EmptyBase) {
  write("a.yaml", "extends: b.yaml\n");
  write("b.yaml", "");
  EXPECT_EQ(loading("a.yaml"), "b.yaml: expected keys and values, got an empty file");
}

}  // namespace
}  // namespace aifsim::config
