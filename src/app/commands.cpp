#include "app/commands.hpp"

#include <iostream>

#include "app/terminal.hpp"
#include "base/error.hpp"

namespace aifsim::app {
namespace {

struct Execute {
  void operator()(const RunOptions& options) const { run_command(options); }
  void operator()(const study::ValidateOptions& options) const { validate_command(options); }
  void operator()(const CheckOptions& options) const { check_command(options); }
  void operator()(const ListOptions& options) const { list_command(options); }
  void operator()(const TopologyOptions& options) const { topology_command(options); }
  void operator()(const TrafficCommandOptions& options) const { traffic_command(options); }
  void operator()(const TraceCommandOptions& options) const { trace_command(options); }
  void operator()(const CollectiveOptions& options) const { collective_command(options); }
  void operator()(const StudyOptions& options) const { study_command(options); }
  void operator()(const PrintOptions& options) const { std::cout << options.text; }
};

}  // namespace

void validate_command(study::ValidateOptions options) {
  options.progress = is_terminal(Stream::error);
  study::write(study::validate(options), options.format, std::cout);
}

void execute(const Command& command) {
  std::visit(Execute{}, command);
  std::cout.flush();
  if (!std::cout)
    throw ConfigError(Problem{"", 0, 0, "stdout", "an output that takes the result", "a write error", ""});
}

}  // namespace aifsim::app
