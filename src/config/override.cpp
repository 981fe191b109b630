#include <charconv>
#include <utility>

#include "config/document_data.hpp"
#include "config/node.hpp"
#include "config/yaml_reader.hpp"

namespace aifsim::config {
namespace {

// One step of "tiers[1].oversubscription": a key or an index.
struct Step {
  std::string key;
  std::size_t index = 0;
  bool is_index = false;
};

std::optional<std::size_t> index_in(std::string_view text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return index;
}

// Appends the steps of "key[1][2]"; false if it is malformed.
bool add_steps(std::string_view segment, std::vector<Step>& steps) {
  const std::size_t bracket = segment.find('[');
  const std::string_view key = segment.substr(0, bracket);
  const bool may_lack_key = steps.empty() && bracket == 0;  // the root is a list
  if (key.empty() && !may_lack_key) return false;
  if (!key.empty()) steps.push_back({std::string(key), 0, false});
  segment.remove_prefix(key.size());
  while (!segment.empty()) {
    const std::size_t close = segment.find(']');
    if (segment.front() != '[' || close == std::string_view::npos) return false;
    const auto index = index_in(segment.substr(1, close - 1));
    if (!index) return false;
    steps.push_back({"", *index, true});
    segment.remove_prefix(close + 1);
  }
  return true;
}

std::optional<std::vector<Step>> steps_of(std::string_view key) {
  std::vector<Step> steps;
  while (true) {
    const std::size_t dot = key.find('.');
    if (!add_steps(key.substr(0, dot), steps)) return std::nullopt;
    if (dot == std::string_view::npos) return steps;
    key.remove_prefix(dot + 1);
  }
}

struct Target {
  Value* value = nullptr;
  std::string path;
};

// Walks one step down and makes the key if it is missing. No value and a problem when there is nothing to walk into.
Target walk(DocumentData& document, const Target& from, const Step& step, const std::shared_ptr<const Source>& source) {
  const auto refuse = [&](std::string expected, std::string got) {
    document.add({source->shown, 0, 0, from.path, std::move(expected), std::move(got), ""});
    return Target{};
  };
  Value& value = *from.value;
  if (step.is_index) {
    const std::string text = '[' + std::to_string(step.index) + ']';
    if (!value.is(Value::Kind::list)) return refuse("a list to take " + text + " of", described(value));
    const std::size_t count = value.items.size();
    if (step.index >= count) {
      return refuse(count == 0 ? "an index into a list" : "an index from 0 to " + std::to_string(count - 1),
                    count == 0 ? "an empty list" : std::to_string(step.index));
    }
    return {&value.items[step.index], from.path + text};
  }
  if (value.is(Value::Kind::null)) value.kind = Value::Kind::map;
  if (!value.is(Value::Kind::map))
    return refuse("a map to set the key " + in_quotes(step.key) + " in", described(value));
  const std::string path = from.path + (from.path.empty() ? "" : ".") + step.key;
  if (Value* old = value.find(step.key)) return {old, path};
  const Place place{source, 0, 0};
  value.entries.push_back({step.key, place, {}});
  value.entries.back().value.place = place;
  return {&value.entries.back().value, path};
}

}  // namespace

Override parse_override(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw ConfigError(Problem{"--set", 0, 0, "", "key.path=value", in_quotes(text), ""});
  }
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

void apply_override(DocumentData& document, const Override& override_text) {
  const auto source =
      std::make_shared<const Source>(Source{"--set", "--set " + override_text.key + '=' + override_text.value});
  const auto steps = steps_of(override_text.key);
  if (!steps) {
    document.add({source->shown, 0, 0, "", "a key path such as \"scale_out.tiers[1].oversubscription\"",
                  in_quotes(override_text.key), ""});
    return;
  }
  Value value;
  try {
    std::vector<Problem> problems;
    value = read_yaml(override_text.value, source, problems);
    for (Problem& problem : problems) document.add(std::move(problem));
  } catch (const ConfigError& error) {
    for (const Problem& problem : error.problems()) document.add(problem);
    return;
  }
  Target target{&document.root, ""};
  for (const Step& step : *steps) {
    target = walk(document, target, step, source);
    if (target.value == nullptr) return;
  }
  value.place = {source, 0, 0};
  *target.value = std::move(value);
}

}  // namespace aifsim::config
