#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include "config/document_data.hpp"
#include "config/node.hpp"
#include "config/text_file.hpp"
#include "config/yaml_reader.hpp"

namespace aifsim::config {
namespace {

[[noreturn]] void refuse(const Place& place, std::string key, std::string expected, std::string got) {
  throw ConfigError(
      Problem{place.source->shown, place.line, place.column, std::move(key), std::move(expected), std::move(got), ""});
}

// Reads one text and everything it extends.
class Loader {
 public:
  explicit Loader(std::vector<Problem>& problems) : problems_(problems) {}

  [[nodiscard]] Value load(const std::string& path, const Place& asked_by = {}) {
    return parse(read_text_file(path, asked_by), path);
  }

  [[nodiscard]] Value parse(std::string_view text, const std::string& path) {
    const auto source = std::make_shared<const Source>(Source{path, path});
    Value value = read_yaml(text, source, problems_);
    if (!value.place.source) value.place = {source, 0, 0};
    if (value.is(Value::Kind::null)) refuse({source, 0, 0}, "", "keys and values", "an empty file");
    if (value.is(Value::Kind::scalar)) refuse(value.place, "", "keys and values", described(value));
    open_.push_back(path);
    value = with_base(std::move(value), path);
    open_.pop_back();
    return value;
  }

 private:
  [[nodiscard]] Value with_base(Value value, const std::string& path) {
    const auto is_extends = [](const Entry& entry) { return entry.key == "extends"; };
    const auto extends = std::find_if(value.entries.begin(), value.entries.end(), is_extends);
    if (extends == value.entries.end()) return value;
    const Value target = std::move(extends->value);
    value.entries.erase(extends);
    if (!target.is(Value::Kind::scalar)) refuse(target.place, "extends", "the name of a file", described(target));
    const std::filesystem::path base = std::filesystem::path(path).parent_path() / target.scalar;
    const std::string base_path = base.lexically_normal().string();
    refuse_cycle(base_path, target.place);
    return merged(load(base_path, target.place), std::move(value));
  }

  void refuse_cycle(const std::string& base, const Place& place) const {
    const auto same_file = [&base](const std::string& other) {
      std::error_code error;
      return base == other || std::filesystem::equivalent(base, other, error);
    };
    const auto first = std::find_if(open_.begin(), open_.end(), same_file);
    if (first == open_.end()) return;
    std::string circle;
    for (auto file = first; file != open_.end(); ++file) circle += *file + " -> ";
    refuse(place, "extends", "files that do not extend each other in a circle", circle + *first);
  }

  std::vector<Problem>& problems_;
  std::vector<std::string> open_;
};

}  // namespace

Document Document::load(const std::string& path, std::span<const Override> overrides) {
  return parse(read_text_file(path), path, overrides);
}

Document Document::parse(std::string_view yaml, std::string file_name, std::span<const Override> overrides) {
  Document document;
  document.state_ = std::make_shared<State>();
  State& state = *document.state_;
  state.file = std::move(file_name);
  std::vector<Problem> problems;
  state.root = Loader(problems).parse(yaml, state.file);
  for (Problem& problem : problems) state.add(std::move(problem));
  for (const Override& one : overrides) apply_override(state, one);
  return document;
}

Node Document::root() const {
  auto node = std::make_shared<Node::State>();
  node->document = state_;
  node->value = &state_->root;
  node->place = state_->root.place;
  return Node(std::move(node));
}

const std::string& Document::file() const { return state_->file; }
bool Document::has_problems() const { return !state_->problems.empty(); }
const std::vector<Problem>& Document::problems() const { return state_->problems; }

void Document::check() const {
  if (!has_problems()) return;
  std::vector<Problem> sorted = state_->problems;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  throw ConfigError(std::move(sorted));
}

std::string Document::resolved() const { return to_yaml(state_->root); }

}  // namespace aifsim::config
