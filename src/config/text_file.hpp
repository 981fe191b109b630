// Text files of bounded size in UTF-8. Internal to config/.
#pragma once

#include <string>
#include <string_view>

#include "config/value.hpp"

namespace aifsim::config {

// The whole file. `asked_by` is where its name was written, for the message; no source means the command line.
// Throws ConfigError when it cannot be read or is larger than 16 MB.
[[nodiscard]] std::string read_text_file(const std::string& path, const Place& asked_by = {});

// Throws ConfigError at the first byte that is not UTF-8 or is a control character other than tab and line end.
void check_utf8(std::string_view text, const Source& source);

}  // namespace aifsim::config
