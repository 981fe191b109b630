// The units of each dimension, and what to say when another one is used. Internal to config/.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace aifsim::config {

struct Unit {
  std::string_view name;
  double factor = 1;  // in base units
};

struct Dimension {
  std::string_view what;          // "a bandwidth"
  std::string_view example;       // "400 Gb/s"
  std::string_view default_unit;  // what a bare number probably means
  std::span<const Unit> units;
};

extern const Dimension time_dimension;
extern const Dimension size_dimension;
extern const Dimension bandwidth_dimension;
extern const Dimension flop_rate_dimension;
extern const Dimension power_dimension;
extern const Dimension money_dimension;

// "did you mean …?" for `number` followed by `unit`, which is no unit of the dimension.
[[nodiscard]] std::string unit_hint(const Dimension& dimension, std::string_view number, std::string_view unit);

}  // namespace aifsim::config
