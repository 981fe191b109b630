// Where the files that ship with aifsim lie: platforms/, workloads/.
#pragma once

#include <string>
#include <string_view>

namespace aifsim::config {

// `relative` under the first of these that has it: $AIFSIM_DATA; ../.. and ../share/aifsim from the executable; the
// source tree aifsim was built from. ConfigError when none has.
[[nodiscard]] std::string data_directory(std::string_view relative);

}  // namespace aifsim::config
