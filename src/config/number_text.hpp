// Numbers in text, without locale. Internal to config/.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aifsim::config {

struct LeadingNumber {
  double value = 0;
  std::string_view digits;  // as written
  std::string_view rest;    // what follows it
};

// The number `text` begins with. Infinities and NaN are numbers here, so that callers can refuse them by name.
[[nodiscard]] std::optional<LeadingNumber> leading_number(std::string_view text);
// The number `text` consists of.
[[nodiscard]] std::optional<double> whole_number(std::string_view text);
// Shortest text that reads back as `value`; no exponent for integers below 10^15.
[[nodiscard]] std::string shortest(double value);

}  // namespace aifsim::config
