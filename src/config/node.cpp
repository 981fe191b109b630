#include "config/node.hpp"

#include <algorithm>
#include <utility>

#include "config/document_data.hpp"

namespace aifsim::config {
namespace {

void mark_asked(const Value& map, std::string_view key) {
  auto& asked = map.asked_keys;
  if (std::find(asked.begin(), asked.end(), key) == asked.end()) asked.emplace_back(key);
}

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + '.' + std::string(key);
}

std::string indexed(const std::string& path, std::size_t index) { return path + '[' + std::to_string(index) + ']'; }

std::string list_of(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// "tp:8" in a flow map is one key.
std::string with_space(const std::string& key, const std::vector<std::string>& known) {
  const std::size_t colon = key.find(':');
  if (colon == std::string::npos || std::find(known.begin(), known.end(), key.substr(0, colon)) == known.end())
    return {};
  return key.substr(0, colon) + ": " + key.substr(colon + 1);
}

Problem unknown_key(const Entry& entry, const std::string& path, const std::vector<std::string>& known) {
  Problem problem{entry.place.source->shown, entry.place.line, entry.place.column, path, "", "an unknown key", ""};
  if (const std::string spaced = with_space(entry.key, known); !spaced.empty()) {
    problem.expected = "a space after the colon";
    problem.hint = did_you_mean(spaced);
  } else if (const auto near = nearest(entry.key, known)) {
    problem.expected = "a known key";
    problem.hint = did_you_mean(*near);
  } else {
    problem.expected = known.empty() ? "no key here" : "one of the keys " + list_of(known);
  }
  return problem;
}

// A map that nobody asked anything of is not known to be wrong: keys() may have read it.
void finish_tree(DocumentData& document, const Value& value, const std::string& path) {
  for (std::size_t i = 0; i < value.items.size(); ++i) finish_tree(document, value.items[i], indexed(path, i));
  const std::vector<std::string>& known = value.asked_keys;
  for (const Entry& entry : value.entries) {
    const std::string key_path = joined(path, entry.key);
    const bool is_known = known.empty() || std::find(known.begin(), known.end(), entry.key) != known.end();
    if (is_known) {
      finish_tree(document, entry.value, key_path);
    } else {
      document.add(unknown_key(entry, key_path, known));
    }
  }
}

}  // namespace

void Node::State::problem(std::string expected, std::string got, std::string hint) const {
  document->add(
      {place.source->shown, place.line, place.column, path, std::move(expected), std::move(got), std::move(hint)});
}

const Value* Node::State::scalar(const std::string& expected) const {
  if (value != nullptr && value->is(Value::Kind::scalar)) return value;
  if (!is_reported) problem(expected, value == nullptr ? "nothing" : described(*value));
  return nullptr;
}

bool Node::State::holds(Value::Kind kind, const std::string& expected) const {
  if (value == nullptr) return false;
  if (value->is(kind)) return true;
  if (!value->kind_reported) problem(expected, described(*value));
  value->kind_reported = true;
  return false;
}

std::shared_ptr<Node::State> Node::State::child(const Value* child_value, std::string child_path) const {
  auto state = std::make_shared<State>();
  state->document = document;
  state->path = std::move(child_path);
  state->place = child_value != nullptr ? child_value->place : place;
  if (child_value != nullptr && !child_value->is(Value::Kind::null)) state->value = child_value;
  return state;
}

Node::Node(std::shared_ptr<State> state) : state_(std::move(state)) {}

Node Node::optional(std::string_view key) const {
  const bool in_map = state_->holds(Value::Kind::map, "a map");
  if (in_map) mark_asked(*state_->value, key);
  auto child = state_->child(in_map ? state_->value->find(key) : nullptr, joined(state_->path, key));
  child->is_reported = state_->is_reported || (state_->value != nullptr && !in_map);
  return Node(std::move(child));
}

Node Node::required(std::string_view key) const {
  Node node = optional(key);
  if (!node.present() && !node.state_->is_reported) {
    node.state_->problem("a value", "nothing");
    node.state_->is_reported = true;
  }
  return node;
}

bool Node::has(std::string_view key) const { return is_map() && optional(key).present(); }

std::vector<std::string> Node::keys() const {
  std::vector<std::string> keys;
  if (!state_->holds(Value::Kind::map, "a map")) return keys;
  for (const Entry& entry : state_->value->entries) {
    if (!entry.value.is(Value::Kind::null)) keys.push_back(entry.key);
  }
  return keys;
}

void Node::finish() const {
  if (state_->value == nullptr) return;
  finish_tree(*state_->document, *state_->value, state_->path);
}

bool Node::present() const { return state_->value != nullptr; }
bool Node::is_map() const { return present() && state_->value->is(Value::Kind::map); }
bool Node::is_list() const { return present() && state_->value->is(Value::Kind::list); }
bool Node::is_scalar() const { return present() && state_->value->is(Value::Kind::scalar); }

std::vector<Node> Node::items() const {
  std::vector<Node> nodes;
  if (!state_->holds(Value::Kind::list, "a list")) return nodes;
  const std::vector<Value>& items = state_->value->items;
  nodes.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    nodes.push_back(Node(state_->child(&items[i], indexed(state_->path, i))));
  }
  return nodes;
}

void Node::problem(std::string expected, std::string got, std::string hint) const {
  state_->problem(std::move(expected), std::move(got), std::move(hint));
}

const std::string& Node::path() const { return state_->path; }
std::string Node::file() const { return state_->place.source->file; }
int Node::line() const { return state_->place.line; }

}  // namespace aifsim::config
