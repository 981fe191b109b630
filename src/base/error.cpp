#include "base/error.hpp"

#include <utility>

namespace aifsim {
namespace {

std::string join(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += problem.message();
  }
  return text;
}

}  // namespace

std::string Problem::message() const {
  std::string text;
  if (!file.empty()) {
    text += file + ':';
    if (line > 0) text += std::to_string(line) + ':' + std::to_string(column) + ':';
    text += ' ';
  }
  if (!key.empty()) text += key + ": ";
  text += "expected " + expected + ", got " + got;
  if (!hint.empty()) text += " (" + hint + ')';
  return text;
}

ConfigError::ConfigError(std::vector<Problem> problems)
    : std::runtime_error(join(problems)), problems_(std::move(problems)) {}

ConfigError::ConfigError(Problem problem) : ConfigError(std::vector<Problem>{std::move(problem)}) {}

void ensure(bool holds, const char* law, const char* file, int line) {
  if (!holds) throw InternalError(std::string(file) + ':' + std::to_string(line) + ": " + law);
}

}  // namespace aifsim
