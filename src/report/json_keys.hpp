// What every key of the JSON report means, and its unit: printed by `aifsim help json`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace aifsim::report {

struct JsonKey {
  std::string_view path;  // "jobs[].memory.<class>": <…> stands for any key
  std::string_view unit;  // "s", "B", "1/s", "text", …
  std::string_view meaning;
};

[[nodiscard]] std::span<const JsonKey> run_json_keys();
[[nodiscard]] std::string describe_run_json();

}  // namespace aifsim::report
