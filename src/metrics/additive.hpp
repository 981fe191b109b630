// Additive figures: seconds by cause, bytes by channel. They can be summed and extrapolated linearly.
#pragma once

#include <algorithm>

namespace aifsim::metrics {

// The sum of a map's values.
template <typename Map>
[[nodiscard]] typename Map::mapped_type total(const Map& map) {
  typename Map::mapped_type sum{};
  for (const auto& [key, value] : map) sum += value;
  return sum;
}

// The line through a (at 0) and b (at 1), read at `factor`; never below zero.
template <typename Amount>
[[nodiscard]] constexpr Amount extrapolate_amount(Amount a, Amount b, double factor) {
  return std::max(Amount{}, a + (b - a) * factor);
}

// The same for each key of either map. An entry that would fall below zero becomes zero and the others give way in
// proportion, so that the total is the extrapolated total.
template <typename Map>
[[nodiscard]] Map extrapolate(const Map& a, const Map& b, double factor) {
  Map result;
  for (const auto& [key, value] : a) result[key] += value * (1.0 - factor);
  for (const auto& [key, value] : b) result[key] += value * factor;
  const auto wanted = std::max(typename Map::mapped_type{}, total(result));
  for (auto& [key, value] : result) value = std::max(value, typename Map::mapped_type{});
  const auto clamped = total(result);
  if (clamped > wanted) {
    for (auto& [key, value] : result) value *= wanted / clamped;
  }
  return result;
}

}  // namespace aifsim::metrics
