// The distribution of times of which there may be millions: mean and extremes exactly, percentiles within half a
// percent, in memory that does not grow.
#pragma once

#include <cstdint>
#include <vector>

#include "base/quantity.hpp"

namespace aifsim::metrics {

class Distribution {
 public:
  void add(Seconds value, double weight = 1);
  // `count` values spread evenly from `first` to `last`, each of this weight.
  void add_line(Seconds first, Seconds last, double count, double weight);

  [[nodiscard]] double weight() const { return weight_; }
  [[nodiscard]] Seconds mean() const;
  [[nodiscard]] Seconds least() const;
  [[nodiscard]] Seconds most() const;
  // The value that `share` (0..1) of the weight does not exceed; zero when there is none.
  [[nodiscard]] Seconds percentile(double share) const;

 private:
  std::vector<double> bins_;  // by the logarithm of the value
  double zeros_ = 0;          // weight of values at or below the first bin
  double weight_ = 0, sum_ = 0;
  double least_ = 0, most_ = 0;
};

}  // namespace aifsim::metrics
