#include "metrics/distribution.hpp"

#include <algorithm>
#include <cmath>

namespace aifsim::metrics {
namespace {

constexpr double smallest = 1e-7;            // seconds
constexpr double bins_per_decade = 256;      // 0.9 % wide
constexpr std::size_t bin_count = 14 * 256;  // up to 10^7 s

double edge(double bin) { return smallest * std::pow(10.0, bin / bins_per_decade); }
double bin_of(double value) { return std::log10(value / smallest) * bins_per_decade; }

}  // namespace

void Distribution::add(Seconds value, double weight) {
  if (weight <= 0) return;
  const double seconds = value.in(units::s);
  least_ = weight_ > 0 ? std::min(least_, seconds) : seconds;
  most_ = weight_ > 0 ? std::max(most_, seconds) : seconds;
  weight_ += weight;
  sum_ += seconds * weight;
  if (seconds <= smallest) {
    zeros_ += weight;
    return;
  }
  if (bins_.empty()) bins_.resize(bin_count);
  bins_[std::min(bin_count - 1, static_cast<std::size_t>(bin_of(seconds)))] += weight;
}

void Distribution::add_line(Seconds first, Seconds last, double count, double weight) {
  // Bins are wider than a run's drift as a rule: a few points stand for the line.
  const double drift = std::abs(last / first - 1);
  const double points = std::clamp(std::ceil(drift * 400), 1.0, std::max(1.0, count));
  for (double i = 0; i < points; ++i) add(first + (last - first) * ((i + 0.5) / points), count * weight / points);
}

Seconds Distribution::mean() const { return weight_ > 0 ? sum_ / weight_ * units::s : Seconds{}; }
Seconds Distribution::least() const { return least_ * units::s; }
Seconds Distribution::most() const { return most_ * units::s; }

Seconds Distribution::percentile(double share) const {
  if (weight_ <= 0) return {};
  double left = share * weight_ - zeros_;
  if (left <= 0) return least_ * units::s;
  for (std::size_t bin = 0; bin < bins_.size(); ++bin) {
    if (bins_[bin] < left) {
      left -= bins_[bin];
      continue;
    }
    const double inside = static_cast<double>(bin) + left / bins_[bin];
    return std::clamp(edge(inside), least_, most_) * units::s;
  }
  return most_ * units::s;
}

}  // namespace aifsim::metrics
