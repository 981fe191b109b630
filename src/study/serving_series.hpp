// State of a service over time in a fixed number of points: when they run out, two become one.
#pragma once

#include <cstddef>
#include <vector>

#include "base/quantity.hpp"
#include "metrics/serving_report.hpp"

namespace aifsim::study {

class ServingSeries {
 public:
  // cache_use: of all replicas together; points() divide it by those that serve (`serving`).
  enum class Figure {
    running,
    waiting,
    cache_use,
    serving,
    output_tokens,
    prompt_tokens,
    host_use,
    nvme_use,
    network_use
  };
  static constexpr std::size_t figures = 9;
  // The state had this value from `begin` to `end`.
  void held(Figure figure, Seconds begin, Seconds end, double value);
  // `amount` came evenly from `begin` to `end`.
  void flowed(Figure figure, Seconds begin, Seconds end, double amount);

  [[nodiscard]] std::vector<metrics::TimePoint> points(Seconds end) const;

 private:
  struct Bucket {
    double sums[figures] = {};  // of value x seconds; amounts for tokens
  };
  void spread(Figure figure, double begin, double end, double density);
  void make_room(double end);
  double width_ = 0.01;  // seconds
  std::vector<Bucket> buckets_;
};

}  // namespace aifsim::study
