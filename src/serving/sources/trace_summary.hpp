// What a sequence of requests is like: lengths, rate over time, reuse.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "serving/request.hpp"
#include "serving/sources/cache_model.hpp"

namespace aifsim::serving {

// Exact percentiles from counts: its size is that of the distinct values.
class LengthCounts {
 public:
  void add(int tokens);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double total() const { return total_; }
  [[nodiscard]] double mean() const { return count_ > 0 ? total_ / static_cast<double>(count_) : 0; }
  [[nodiscard]] double deviation() const;
  // `share` in [0, 1], linear between the two nearest values, as NumPy does; 0 for no values.
  [[nodiscard]] double percentile(double share) const;
  [[nodiscard]] int least() const { return counts_.empty() ? 0 : counts_.begin()->first; }
  [[nodiscard]] int most() const { return counts_.empty() ? 0 : counts_.rbegin()->first; }
  [[nodiscard]] const std::map<int, std::uint64_t>& counts() const { return counts_; }

 private:
  [[nodiscard]] int at(std::uint64_t rank) const;
  std::map<int, std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  double total_ = 0, squares_ = 0;
};

// Sums in spans of time of equal length. The length doubles when there would be too many, so that the end need not be
// known.
class TimeSeries {
 public:
  struct Bin {
    std::uint64_t requests = 0;
    double input_tokens = 0, output_tokens = 0;
  };
  void add(Seconds when, int input, int output);
  [[nodiscard]] Seconds width() const { return width_; }
  [[nodiscard]] const std::vector<Bin>& bins() const { return bins_; }

 private:
  static constexpr std::size_t most_bins = 80;
  Seconds width_ = 1.0 / 64 * units::s;
  std::vector<Bin> bins_;
};

class TraceSummary {
 public:
  void add(const Request& request);

  std::uint64_t requests = 0;
  Seconds first_arrival, last_arrival;
  LengthCounts input, output;
  TimeSeries series;
  CacheModel cache;
  int block_tokens = 0;
  std::uint64_t with_images = 0;
  double image_tokens = 0;
  std::map<std::uint32_t, std::uint64_t> adapters;            // requests by adapter; without those of none
  std::unordered_map<std::uint32_t, std::uint32_t> sessions;  // turns

  [[nodiscard]] Seconds duration() const { return last_arrival - first_arrival; }
  [[nodiscard]] double rate_per_s() const;  // (requests - 1) / duration; 0 when all arrive at once
  // Coefficient of variation of the gaps: 1 for Poisson arrivals. Nothing for fewer than two gaps or no time.
  [[nodiscard]] std::optional<double> gap_cv() const;

 private:
  double gap_squares_ = 0;
};

}  // namespace aifsim::serving
