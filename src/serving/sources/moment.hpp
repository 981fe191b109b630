// Points in time as traces write them, in whole nanoseconds, and what they count from.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/quantity.hpp"
#include "serving/sources/line_reader.hpp"

namespace aifsim::serving {

// "12.5" times `unit_ns`, rounded; nothing when it is no number or beyond ±292 years.
[[nodiscard]] std::optional<std::int64_t> moment_of_number(std::string_view text, double unit_ns);
// "2023-11-16 18:17:03.9799600", with T for the blank, any number of decimals (beyond nanoseconds they are dropped) and
// Z or +hh:mm behind; UTC when it says nothing.
[[nodiscard]] std::optional<std::int64_t> moment_of_date(std::string_view text);

// Counts from the first moment it sees and refuses one that goes back.
class TraceClock {
 public:
  // `column` and `key`: where the moment stands, for the message.
  [[nodiscard]] Seconds since_first(std::int64_t moment, const LineReader& lines, std::size_t column,
                                    const std::string& key);

 private:
  std::optional<std::int64_t> first_;
  std::int64_t last_ = 0;
};

}  // namespace aifsim::serving
