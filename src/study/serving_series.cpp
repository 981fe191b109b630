#include "study/serving_series.hpp"

#include <algorithm>
#include <cmath>

namespace aifsim::study {
namespace {

constexpr std::size_t most_buckets = 512;

}  // namespace

void ServingSeries::make_room(double end) {
  while (end > width_ * most_buckets) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      const Bucket one = buckets_[i];
      if (i % 2 == 0) {
        buckets_[i / 2] = one;
        continue;
      }
      for (std::size_t figure = 0; figure < figures; ++figure) buckets_[i / 2].sums[figure] += one.sums[figure];
    }
    buckets_.resize((buckets_.size() + 1) / 2);
    width_ *= 2;
  }
  const auto needed = static_cast<std::size_t>(end / width_) + 1;
  if (buckets_.size() < needed) buckets_.resize(needed);
}

void ServingSeries::spread(Figure figure, double begin, double end, double density) {
  make_room(end);
  for (auto i = static_cast<std::size_t>(begin / width_); i < buckets_.size(); ++i) {
    const double from = std::max(begin, static_cast<double>(i) * width_);
    const double to = std::min(end, static_cast<double>(i + 1) * width_);
    if (to <= from) break;
    buckets_[i].sums[static_cast<std::size_t>(figure)] += density * (to - from);
  }
}

void ServingSeries::held(Figure figure, Seconds begin, Seconds end, double value) {
  if (end > begin && value != 0) spread(figure, begin.in(units::s), end.in(units::s), value);
}

void ServingSeries::flowed(Figure figure, Seconds begin, Seconds end, double amount) {
  if (end > begin) spread(figure, begin.in(units::s), end.in(units::s), amount / (end - begin).in(units::s));
}

std::vector<metrics::TimePoint> ServingSeries::points(Seconds end) const {
  std::vector<metrics::TimePoint> points;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const double begin = static_cast<double>(i) * width_;
    const double width = std::min(width_, end.in(units::s)-begin);
    if (width <= 0) break;
    const auto mean = [&](Figure figure) { return buckets_[i].sums[static_cast<std::size_t>(figure)] / width; };
    const double serving = mean(Figure::serving);
    points.push_back({.when = (begin + width / 2) * units::s,
                      .running = mean(Figure::running),
                      .waiting = mean(Figure::waiting),
                      .cache_use = serving > 0 ? mean(Figure::cache_use) / serving : 0,
                      .output_tokens_per_s = mean(Figure::output_tokens),
                      .prompt_tokens_per_s = mean(Figure::prompt_tokens),
                      .host_use = mean(Figure::host_use),
                      .nvme_use = mean(Figure::nvme_use),
                      .network_use = mean(Figure::network_use)});
  }
  return points;
}

}  // namespace aifsim::study
