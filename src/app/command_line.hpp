// argv as plain options. The command line is stable: scripts depend on it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "app/collective_command.hpp"
#include "app/study_command.hpp"
#include "app/topology_command.hpp"
#include "app/trace_command.hpp"
#include "app/traffic_command.hpp"
#include "study/validate.hpp"

namespace aifsim::app {

enum class Format { text, json };
enum class Network { fluid, simgrid, ideal };

struct RunOptions {
  std::string platform;
  std::string workload;
  std::vector<std::string> sets;  // "key.path=value", in order
  std::uint64_t seed = 1;
  Network network = Network::fluid;
  std::string out;  // a directory; empty = none
  Format format = Format::text;
};

struct CheckOptions {
  std::vector<std::string> files;
  std::vector<std::string> sets;
};

struct ListOptions {
  std::string what;
};

struct PrintOptions {
  std::string text;  // help or version
};

using Command = std::variant<RunOptions, study::ValidateOptions, CheckOptions, ListOptions, TopologyOptions,
                             TrafficCommandOptions, TraceCommandOptions, CollectiveOptions, StudyOptions, PrintOptions>;

// The command line is wrong: exit code 2.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[nodiscard]] Command parse_command_line(int argc, const char* const* argv);

}  // namespace aifsim::app
