#include "model/attended.hpp"

#include <algorithm>
#include <cmath>

namespace aifsim::model {
namespace {

double triangle(double queries) { return queries * (queries + 1) / 2; }

// Pairs of the first `queries` queries of a sequence.
double pairs_from_start(const SlidingWindow& window, double queries) {
  const double width = window.tokens;
  if (queries <= width) return triangle(queries);
  if (!window.chunked) return triangle(width) + (queries - width) * width;
  const double whole = std::floor(queries / width);
  return whole * triangle(width) + triangle(queries - whole * width);
}

}  // namespace

double attended(const SlidingWindow& window, double cached) {
  if (cached <= window.tokens) return cached;
  return window.chunked ? window.tokens / 2.0 : window.tokens;
}

double causal_pairs(double before, double chunk) { return before * chunk + triangle(chunk); }

double causal_pairs(const SlidingWindow& window, double before, double chunk) {
  return pairs_from_start(window, before + chunk) - pairs_from_start(window, before);
}

}  // namespace aifsim::model
