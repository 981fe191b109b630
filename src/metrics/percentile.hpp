#pragma once

#include <vector>

namespace aifsim::metrics {

// `fraction` in [0, 1]; linear between the two nearest values (Hyndman & Fan 1996, type 7: what NumPy and R do).
// NaN for no values.
[[nodiscard]] double percentile(std::vector<double> values, double fraction);

}  // namespace aifsim::metrics
