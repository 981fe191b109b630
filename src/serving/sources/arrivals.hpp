// When requests arrive by themselves: a renewal process under a rate that may change over time.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/quantity.hpp"
#include "base/rng.hpp"

namespace aifsim::serving {

// Distribution of the gap between two arrivals, in units of its mean.
struct GapLaw {
  enum class Kind { even, exponential, gamma, weibull };
  Kind kind = Kind::exponential;
  double shape = 1;  // of gamma and weibull
};
[[nodiscard]] GapLaw gamma_gaps(double cv);  // shape 1/cv^2; even for cv 0
[[nodiscard]] double draw_gap(const GapLaw& law, Rng& rng);

// From `from` on, until the next step.
struct RateStep {
  Seconds from;
  double per_second = 0;
  GapLaw law;
};

// Gaps are drawn with mean 1 and stretched by the rate they pass through, so that the expected number of arrivals in
// any span is the integral of the rate over it, whatever the law. Each arrival is one of `burst` at the same time.
class Arrivals {
 public:
  // `steps` in the order of time, the first at 0. No arrival at `end` or later.
  Arrivals(std::vector<RateStep> steps, std::optional<Seconds> end, int burst, Rng rng);
  [[nodiscard]] std::optional<Seconds> next();

 private:
  [[nodiscard]] bool advance(double work);

  std::vector<RateStep> steps_;
  std::optional<Seconds> end_;
  int burst_;
  Rng rng_;
  std::size_t step_ = 0;
  int left_in_burst_ = 0;
  bool started_ = false;
  Seconds now_;
};

}  // namespace aifsim::serving
