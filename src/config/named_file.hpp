// A value that may be written as a map or as the name of a file that ships with aifsim.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"

namespace aifsim::config {

// Names of the .yaml files of a data folder ("workloads/models"), without the ending, sorted.
[[nodiscard]] std::vector<std::string> names_in(std::string_view folder);
// Loads <folder>/<name>.yaml.
[[nodiscard]] Document load_named(std::string_view folder, const std::string& name);
// Is `node` one of the names? If not, records a problem that calls the thing `what` and names the nearest.
[[nodiscard]] bool names_file(const Node& node, std::string_view folder, std::string_view what);

}  // namespace aifsim::config
