#include "metrics/percentile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"

namespace aifsim::metrics {

double percentile(std::vector<double> values, double fraction) {
  ensure(fraction >= 0 && fraction <= 1, "a percentile's fraction lies between 0 and 1");
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const double position = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], position - static_cast<double>(below));
}

}  // namespace aifsim::metrics
