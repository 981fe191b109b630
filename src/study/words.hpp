// Names as published tables spell them.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

namespace aifsim::study {

[[nodiscard]] inline std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

[[nodiscard]] inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

[[nodiscard]] inline bool is_blackwell(std::string_view gpu) {
  return contains(gpu, "B200") || contains(gpu, "B300") || contains(gpu, "RTX PRO");
}

}  // namespace aifsim::study
