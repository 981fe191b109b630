#include "serving/sources/arrivals.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "base/error.hpp"

namespace aifsim::serving {

GapLaw gamma_gaps(double cv) {
  if (cv <= 0) return {GapLaw::Kind::even, 1};
  return {GapLaw::Kind::gamma, 1 / (cv * cv)};
}

double draw_gap(const GapLaw& law, Rng& rng) {
  switch (law.kind) {
    case GapLaw::Kind::even: return 1;
    case GapLaw::Kind::exponential: return rng.exponential(1);
    case GapLaw::Kind::gamma: return rng.gamma(law.shape, 1 / law.shape);
    // Mean scale * Gamma(1 + 1/shape).
    case GapLaw::Kind::weibull: return std::pow(rng.exponential(1), 1 / law.shape) / std::tgamma(1 + 1 / law.shape);
  }
  return 1;
}

Arrivals::Arrivals(std::vector<RateStep> steps, std::optional<Seconds> end, int burst, Rng rng)
    : steps_(std::move(steps)), end_(end), burst_(burst), rng_(rng) {
  ensure(!steps_.empty() && burst_ >= 1, "an arrival process has a rate and bursts of at least one");
}

// Moves the clock on until the rate has brought `work` arrivals; false when it never does.
bool Arrivals::advance(double work) {
  while (true) {
    const RateStep& step = steps_[step_];
    const bool is_last = step_ + 1 == steps_.size();
    const Seconds until =
        is_last ? Seconds::from_base(std::numeric_limits<double>::infinity()) : steps_[step_ + 1].from;
    const double room = step.per_second > 0 ? step.per_second * (until - now_).in(units::s) : 0;
    if (step.per_second > 0 && work <= room) {
      now_ += work / step.per_second * units::s;
      return true;
    }
    if (is_last) return false;
    work -= room;
    now_ = until;
    ++step_;
  }
}

std::optional<Seconds> Arrivals::next() {
  if (left_in_burst_ == 0) {
    // Even gaps begin with an arrival, so that a rate of 2/s over 10 s gives 20.
    const GapLaw& law = steps_[step_].law;
    const double gap = !started_ && law.kind == GapLaw::Kind::even ? 0 : draw_gap(law, rng_);
    started_ = true;
    if (!advance(gap * burst_)) return std::nullopt;
    left_in_burst_ = burst_;
  }
  if (end_ && now_ >= *end_) return std::nullopt;
  --left_in_burst_;
  return now_;
}

}  // namespace aifsim::serving
