// Decode iterations in a row that have the same sequences: their time in closed form.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/quantity.hpp"

namespace aifsim::serving {

// Iteration i (from 0) takes first + i * step; step is not negative.
struct DecodeStretch {
  Seconds begin, first, step;
  std::int64_t iterations = 0;

  [[nodiscard]] Seconds duration(std::int64_t index) const { return first + step * static_cast<double>(index); }
  // When the first `count` iterations are over.
  [[nodiscard]] Seconds end(std::int64_t count) const {
    const auto n = static_cast<double>(count);
    return begin + first * n + step * (n * (n - 1) / 2);
  }
  // The least number of iterations, at least one and at most all, that end at `when` or later.
  [[nodiscard]] std::int64_t until(Seconds when) const {
    if (end(iterations) <= when) return iterations;
    // first * n + step * n * (n - 1) / 2 = when - begin, in the form that is stable for small steps.
    const double time = (when - begin).base();
    const double linear = (first - step * 0.5).base();
    const double root = linear + std::sqrt(linear * linear + 2 * step.base() * time);
    const double real = time <= 0 || root <= 0 ? 1 : 2 * time / root;
    auto count = static_cast<std::int64_t>(std::min(std::ceil(real), static_cast<double>(iterations)));
    count = std::max<std::int64_t>(1, count);
    while (count > 1 && end(count - 1) >= when) --count;
    while (count < iterations && end(count) < when) ++count;
    return count;
  }
};

}  // namespace aifsim::serving
