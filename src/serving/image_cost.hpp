// The GPU time of encoding images, memoised by their sums: services see the same sizes again and again.
#pragma once

#include <map>
#include <tuple>

#include "serving/pass_cost.hpp"

namespace aifsim::serving {

class ImageCost {
 public:
  // Both must outlive it.
  ImageCost(const PassCost& passes, const model::InferencePlan& plan) : passes_(passes), plan_(plan) {}
  [[nodiscard]] PassTime time(const model::ImageWork& images) const;

 private:
  const PassCost& passes_;
  const model::InferencePlan& plan_;
  mutable std::map<std::tuple<double, double, double>, PassTime> times_;
};

}  // namespace aifsim::serving
