#include "config/yaml_reader.hpp"

#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>

// Events and not YAML::Load: that forgets where an alias was used, takes duplicate keys and expands alias bombs.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "config/text_file.hpp"

namespace aifsim::config {
namespace {

constexpr std::size_t deepest = 64;
constexpr std::size_t most_values = 200'000;

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const Source> source, std::vector<Problem>& problems)
      : source_(std::move(source)), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark&, const std::string&) override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(made(Value::Kind::null, mark), anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    refuse_tag(mark, tag);
    Value value = made(Value::Kind::scalar, mark);
    value.scalar = text;
    value.quoted = tag == "!";
    leaf(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) refuse(mark, "an alias of a finished value", "an alias inside its own anchor");
    count(place(mark), size_of(known->second));
    leaf(known->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Value::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Value::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] Value take() { return std::move(root_); }

 private:
  struct Level {
    Value value;
    YAML::anchor_t anchor = 0;
    Entry entry;  // of a map: the key that waits for its value
    bool has_key = false;
    bool is_second = false;  // the key stood there before: its value is dropped
    std::unordered_map<std::string, int> key_lines;
  };

  Value made(Value::Kind kind, const YAML::Mark& mark) {
    Value value;
    value.kind = kind;
    value.place = place(mark);
    count(value.place, 1);
    return value;
  }

  [[nodiscard]] Place place(const YAML::Mark& mark) const {
    if (source_->file == "--set") return {source_, 0, 0};
    return {source_, mark.line + 1, mark.column + 1};
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string expected, std::string got) const {
    refuse(place(mark), std::move(expected), std::move(got));
  }
  [[noreturn]] void refuse(const Place& at, std::string expected, std::string got, std::string hint = {}) const {
    throw ConfigError(
        Problem{source_->shown, at.line, at.column, "", std::move(expected), std::move(got), std::move(hint)});
  }
  // To yaml-cpp a bracket that is never closed begins a key.
  [[noreturn]] void refuse_key(const Place& at, std::string got) const {
    refuse(at, "text as a key", std::move(got), "is every bracket closed?");
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, "plain YAML", "the tag " + in_quotes(tag));
  }

  void count(const Place& at, std::size_t more) {
    values_ += more;
    if (values_ > most_values) refuse(at, "at most 200000 values", "more (aliases counted each time)");
  }

  void open(Value::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    if (levels_.size() >= deepest) refuse(mark, "at most 64 levels of nesting", "more");
    if (awaits_key()) refuse_key(place(mark), kind == Value::Kind::map ? "a map" : "a list");
    levels_.push_back({});
    levels_.back().value = made(kind, mark);
    levels_.back().anchor = anchor;
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    leaf(std::move(level.value), level.anchor);
  }

  [[nodiscard]] bool awaits_key() const {
    return !levels_.empty() && levels_.back().value.is(Value::Kind::map) && !levels_.back().has_key;
  }

  // A finished value finds its parent.
  void leaf(Value value, YAML::anchor_t anchor) {
    if (anchor != 0) {
      count(value.place, size_of(value));
      anchors_[anchor] = value;
    }
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (awaits_key()) {
      take_key(value);
    } else {
      Level& level = levels_.back();
      level.has_key = false;
      if (level.value.is(Value::Kind::list)) {
        level.value.items.push_back(std::move(value));
      } else if (!level.is_second) {
        level.entry.value = std::move(value);
        level.value.entries.push_back(std::move(level.entry));
      }
    }
  }

  void take_key(const Value& key) {
    if (!key.is(Value::Kind::scalar)) refuse_key(key.place, described(key));
    Level& level = levels_.back();
    level.entry = {key.scalar, key.place, {}};
    level.has_key = true;
    const auto [first, is_new] = level.key_lines.try_emplace(key.scalar, key.place.line);
    level.is_second = !is_new;
    if (is_new) return;
    problems_.push_back({source_->shown, key.place.line, key.place.column, path_of(key.scalar), "each key once",
                         "this key again", first->second > 0 ? "first in line " + std::to_string(first->second) : ""});
  }

  [[nodiscard]] std::string path_of(const std::string& key) const {
    std::string path;
    for (const Level& level : levels_) {
      if (&level == &levels_.back()) break;
      if (level.value.is(Value::Kind::list)) {
        path += '[' + std::to_string(level.value.items.size()) + ']';
      } else {
        path += (path.empty() ? "" : ".") + level.entry.key;
      }
    }
    return path + (path.empty() ? "" : ".") + key;
  }

  std::shared_ptr<const Source> source_;
  std::vector<Problem>& problems_;
  std::vector<Level> levels_;
  std::unordered_map<YAML::anchor_t, Value> anchors_;
  std::size_t values_ = 0;
  Value root_;
};

// The line of `text` with this number, from 0.
std::string_view line_of(std::string_view text, int number) {
  for (; number > 0 && text.find('\n') != std::string_view::npos; --number) text.remove_prefix(text.find('\n') + 1);
  return text.substr(0, text.find('\n'));
}

Problem syntax_problem(const YAML::Exception& error, std::string_view text, const Source& source) {
  Problem problem{source.shown, 0, 0, "", "YAML", "a syntax error", error.msg};
  if (error.mark.is_null()) return problem;
  if (source.file != "--set") {
    problem.line = error.mark.line + 1;
    problem.column = error.mark.column + 1;
  }
  const std::string_view line = line_of(text, error.mark.line);
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    problem.expected = "spaces as indentation";
    problem.got = "a tab";
    problem.hint.clear();
  }
  return problem;
}

}  // namespace

Value read_yaml(std::string_view text, const std::shared_ptr<const Source>& source, std::vector<Problem>& problems) {
  check_utf8(text, *source);
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(source, problems);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Value value = builder.take();
    std::vector<Problem> ignored;
    TreeBuilder second(source, ignored);
    if (parser.HandleNextDocument(second)) {
      throw ConfigError(Problem{source->shown, 0, 0, "", "one YAML document", "several", "remove the line ---"});
    }
    return value;
  } catch (const YAML::Exception& error) {
    throw ConfigError(syntax_problem(error, text, *source));
  }
}

}  // namespace aifsim::config
