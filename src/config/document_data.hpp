// What a Document and its Nodes share. Internal to config/.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "config/node.hpp"
#include "config/value.hpp"

namespace aifsim::config {

struct DocumentData {
  std::string file;
  Value root;
  std::vector<Problem> problems;
  std::unordered_set<std::string> messages;  // a value read twice is one problem

  void add(Problem problem) {
    if (messages.insert(problem.message()).second) problems.push_back(std::move(problem));
  }
};

struct Document::State : DocumentData {};

struct Node::State {
  std::shared_ptr<DocumentData> document;
  const Value* value = nullptr;  // nothing when absent
  Place place;                   // of the value, or of the map that lacks it
  std::string path;
  bool is_reported = false;  // that it is missing or misplaced has been said

  void problem(std::string expected, std::string got, std::string hint = {}) const;
  // The scalar's value, or nothing and a problem.
  [[nodiscard]] const Value* scalar(const std::string& expected) const;
  // Whether there is a value of this kind; a problem, once, if there is another kind of value.
  [[nodiscard]] bool holds(Value::Kind kind, const std::string& expected) const;
  [[nodiscard]] std::shared_ptr<State> child(const Value* child_value, std::string child_path) const;
};

// Applies `--set key=value` to the tree; a mistake in it is added to the problems.
void apply_override(DocumentData& document, const Override& override_text);

// "a did-you-mean b" for the end of a message.
[[nodiscard]] inline std::string did_you_mean(const std::string& word) {
  return "did you mean " + in_quotes(word) + "?";
}

}  // namespace aifsim::config
