// Who sends to whom.
#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "base/rng.hpp"
#include "study/traffic.hpp"

namespace aifsim::study {
namespace {

constexpr std::size_t most_flows = std::size_t{1} << 21;  // about 1 GB

[[noreturn]] void refuse(std::string key, std::string expected, std::string got, std::string hint = {}) {
  throw ConfigError(Problem{.file = {},
                            .key = std::move(key),
                            .expected = std::move(expected),
                            .got = std::move(got),
                            .hint = std::move(hint)});
}

// No GPU sends to itself: Sattolo's algorithm draws a permutation of one cycle.
std::vector<std::size_t> one_cycle(std::size_t count, Rng& rng) {
  std::vector<std::size_t> to(count);
  std::iota(to.begin(), to.end(), std::size_t{0});
  for (std::size_t i = count - 1; i > 0; --i) std::swap(to[i], to[rng.below(i)]);
  return to;
}

class Pattern {
 public:
  Pattern(const TrafficOptions& options, std::size_t gpus)
      : options_(options), gpus_(gpus), rng_(options.seed, "traffic " + options.pattern) {}

  std::vector<Transfer> make() {
    const std::size_t each = options_.pattern == "all-to-all" ? gpus_ * (gpus_ - 1) : gpus_;
    if (each > most_flows / options_.concurrent) {
      refuse("--pattern " + options_.pattern, "at most " + std::to_string(most_flows) + " flows",
             std::to_string(each * options_.concurrent),
             each == gpus_ ? "" : "a row with op all_to_all in a CSV file costs a few flows");
    }
    for (std::size_t copy = 0; copy < options_.concurrent; ++copy) add(copy);
    return std::move(transfers_);
  }

 private:
  void add(std::size_t copy) {
    if (options_.pattern == "permutation") {
      const std::vector<std::size_t> to = one_cycle(gpus_, rng_);
      for (std::size_t i = 0; i < gpus_; ++i) send(i, to[i]);
    } else if (options_.pattern == "incast") {
      const std::size_t to = rng_.below(gpus_);
      for (std::size_t i = 0; i < gpus_; ++i) send(i, to);
    } else if (options_.pattern == "shift") {
      const std::size_t by = (gpus_ / 2 - 1 + copy) % (gpus_ - 1) + 1;
      for (std::size_t i = 0; i < gpus_; ++i) send(i, (i + by) % gpus_);
    } else {
      for (std::size_t by = 1; by < gpus_; ++by) {
        for (std::size_t i = 0; i < gpus_; ++i) send(i, (i + by) % gpus_);
      }
    }
  }
  void send(std::size_t from, std::size_t to) {
    if (from == to) return;
    transfers_.push_back({.start = {}, .group = {from, to}, .bytes = options_.bytes, .name = options_.pattern});
  }

  const TrafficOptions& options_;
  std::size_t gpus_;
  Rng rng_;
  std::vector<Transfer> transfers_;
};

}  // namespace

std::vector<Transfer> make_transfers(const TrafficOptions& options, std::size_t gpus) {
  const bool is_file = options.pattern.ends_with(".csv");
  const std::vector<std::string> patterns{"permutation", "incast", "all-to-all", "shift"};
  if (!is_file && std::ranges::find(patterns, options.pattern) == patterns.end()) {
    refuse("--pattern", "permutation, incast, all-to-all, shift or a .csv file", '"' + options.pattern + '"');
  }
  if (gpus < 2) refuse("PLATFORM", "at least two GPUs", std::to_string(gpus));
  if (is_file) return read_transfers(options.pattern, gpus);
  if (options.bytes <= Bytes{}) refuse("--bytes", "more than nothing", "0");
  if (options.concurrent < 1) refuse("--concurrent", "at least 1", "0");
  return Pattern(options, gpus).make();
}

}  // namespace aifsim::study
