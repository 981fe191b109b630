// How long prompts and answers are.
#pragma once

#include <vector>

#include "base/rng.hpp"
#include "config/node.hpp"

namespace aifsim::serving {

struct Lengths {
  enum class Law { fixed, uniform, lognormal, histogram };
  struct Bin {
    int tokens = 0;
    double up_to = 0;  // share of all lengths that are at most this
  };

  Law law = Law::fixed;
  int least = 0, most = 0;                 // both included; fixed: equal
  double log_mean = 0, log_deviation = 0;  // lognormal, of the logarithm
  std::vector<Bin> bins;                   // histogram, ascending, the last one up to 1

  [[nodiscard]] int draw(Rng& rng) const;
};

[[nodiscard]] Lengths fixed_length(int tokens);
// Weights need not sum to 1; those of no weight are left out. At least one has some.
[[nodiscard]] Lengths histogram_of(std::vector<Lengths::Bin> tokens_and_weights);

// `1024`, or a map: {uniform: [512, 1024]}, {max: 1024, range_ratio: 0.8} (uniform in [ratio x max, max], as benchmark
// clients draw), {mean: 500, cv: 1.2, max: 8192} (lognormal), {histogram: {128: 0.25, 1024: 0.75}}.
[[nodiscard]] Lengths read_lengths(const config::Node& node, int least);

}  // namespace aifsim::serving
