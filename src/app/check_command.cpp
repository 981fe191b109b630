#include <iostream>

#include "app/commands.hpp"
#include "app/file_kinds.hpp"
#include "app/trace_command.hpp"
#include "base/error.hpp"

namespace aifsim::app {
namespace {

std::string check_file(const std::string& path, const std::vector<config::Override>& overrides) {
  if (is_trace_file(path)) return path + ": ok (request trace, " + check_trace_file(path) + ")\n";
  const config::Document document = config::Document::load(path, overrides);
  const FileKind& kind = kind_of(path, document);
  kind.read(document);
  document.check();
  return path + ": ok (" + std::string(kind.name) + ")\n";
}

}  // namespace

void check_command(const CheckOptions& options) {
  std::vector<config::Override> overrides;
  for (const std::string& text : options.sets) overrides.push_back(config::parse_override(text));
  std::vector<Problem> problems;
  for (const std::string& path : options.files) {
    try {
      std::cout << check_file(path, overrides);
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

}  // namespace aifsim::app
