// The two files of a run, each with its share of the `--set` overrides.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/node.hpp"
#include "hardware/platform.hpp"

namespace aifsim::app {

struct Inputs {
  config::Document platform;
  config::Document workload;
};

// `platform:key=value` and `workload:key=value` go where they say. Without a prefix an override goes to the file that
// has its first key; if both have it, that is the user's mistake; if none has it, to the one whose reader knows the
// key.
[[nodiscard]] Inputs load_inputs(const std::string& platform, const std::string& workload,
                                 std::span<const std::string> sets);

// Which file each override goes to, by the same rules: text without the prefix.
struct RoutedSet {
  std::string file;  // "platform" or "workload"
  std::string text;  // "key.path=value"
};
[[nodiscard]] std::vector<RoutedSet> route_sets(const std::string& platform, const std::string& workload,
                                                std::span<const std::string> sets);

// Throws what is wrong with either; reads, and runs nothing.
void check_inputs(const Inputs& inputs);

// The platform alone, for commands that read no workload; overrides may carry the prefix `platform:`. Checked.
[[nodiscard]] hardware::Platform load_platform(const std::string& platform, std::span<const std::string> sets);
// For commands that do not simulate them.
void warn_of_mid_run_faults(const std::string& file, const hardware::Platform& platform);

}  // namespace aifsim::app
