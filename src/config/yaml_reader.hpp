// YAML text → Value tree. Internal to config/.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/value.hpp"

namespace aifsim::config {

// Throws ConfigError when the text is not one YAML document of sane depth and size. Mistakes that leave a usable tree
// (a key given twice) are added to `problems`. For an override, places have no line: its text is short.
[[nodiscard]] Value read_yaml(std::string_view text, const std::shared_ptr<const Source>& source,
                              std::vector<Problem>& problems);

}  // namespace aifsim::config
