// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/quantity.hpp"

namespace aifsim::report {

[[nodiscard]] std::string human(Seconds time);                 // "6.214 s", "812.0 us"
[[nodiscard]] std::string human(Seconds time, Seconds scale);  // in the unit of `scale`, for columns: "0.018 s"
[[nodiscard]] std::string human(Bytes bytes);                  // "80.0 GB": decimal units
[[nodiscard]] std::string human_memory(Bytes bytes);           // "80.0 GiB": memory is made and sold in powers of two
[[nodiscard]] std::string human_count(double count);           // "16,384"
[[nodiscard]] std::string human_percent(double share);         // "40.6 %"

// `share` of `width` columns in eighths of a column; empty for 0, never more than `width`.
[[nodiscard]] std::string bar(double share, std::size_t width);

// Columns that UTF-8 text takes on a terminal (each code point one: we print no wide ones).
[[nodiscard]] std::size_t display_width(std::string_view text);
// At most `width` columns, the middle replaced by "…".
[[nodiscard]] std::string shortened(const std::string& text, std::size_t width);
// Lines of at most `width` columns, broken at blanks, each after the first led by `indent` blanks.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace aifsim::report
