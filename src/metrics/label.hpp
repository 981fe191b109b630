// Task labels read "<cause>:<detail>": "tp_comm:all-gather", "compute:layer forward".
#pragma once

#include <string_view>

namespace aifsim::metrics {

struct LabelParts {
  std::string_view cause;   // "tp_comm"
  std::string_view detail;  // "all-gather"; the cause again when the label has no colon
};

[[nodiscard]] constexpr LabelParts split_label(std::string_view label) {
  const auto colon = label.find(':');
  if (colon == std::string_view::npos) return {label, label};
  return {label.substr(0, colon), label.substr(colon + 1)};
}

}  // namespace aifsim::metrics
