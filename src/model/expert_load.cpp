#include "model/expert_load.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace aifsim::model {
namespace {

// Expected maximum of n standard normal variables: the integral of 1 - F(x)^n - F(-x)^n over x > 0.
double expected_maximum(int n) {
  if (n <= 1) return 0;
  constexpr double step = 0.05, end = 7;  // the rest is below 1e-9 for any n that fits a cluster
  double sum = 0;
  for (double x = step / 2; x < end; x += step) {
    const double below = 0.5 * std::erfc(-x / std::sqrt(2.0));
    sum += step * (1 - std::pow(below, n) - std::pow(1 - below, n));
  }
  return sum;
}

// Experts are not equally popular: the i-th is chosen in proportion to i^-skew. One exponent for all models and
// engines, fitted to how the published time per token of mixtures grows from 4 to 64 sequences: equally popular experts
// would all be read too early. (aiconfigurator measures its kernels under power laws of 1.01 and 1.2.)
constexpr double skew = 0.8;

// i^-skew of the first experts, from 1 on.
std::vector<double> popularities(int count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::pow(static_cast<double>(i + 1), -skew);
  return values;
}

// What popularity is multiplied by to give chances of being one token's choice that sum to `chosen`; none exceeds 1.
double scale_of(const std::vector<double>& popularity, double chosen) {
  double scale = chosen / std::accumulate(popularity.begin(), popularity.end(), 0.0);
  for (int round = 0; round < 20 && scale * popularity.front() > 1; ++round) {
    double sum = 0;
    for (const double value : popularity) sum += std::min(1.0, scale * value);
    if (sum > 0.999 * chosen) break;
    scale *= chosen / sum;
  }
  return scale;
}

// Mean chance, over the experts, that at least one of `tokens` tokens chooses one. `copies`: of each expert, on
// average.
double chance_of_work(const Experts& experts, double tokens, double copies) {
  // Passes of one model are priced for hundreds of token counts.
  static thread_local std::vector<double> popularity;
  if (popularity.size() != static_cast<std::size_t>(experts.count)) popularity = popularities(experts.count);
  const double scale = scale_of(popularity, experts.top_k) / copies;
  double missed = 0;
  for (const double value : popularity) missed += std::exp(tokens * std::log1p(-std::min(1.0, scale * value)));
  return 1 - missed / experts.count;
}

}  // namespace

ExpertLoad expert_load(const Experts& experts, const InferencePlan& plan, double tokens) {
  if (tokens <= 0) return {};
  const double count = experts.count, chosen = experts.top_k, ranks = plan.ep;
  const double local = (count + plan.redundant_experts) / ranks;
  const double deviations = expected_maximum(plan.ep);

  // Pairs of one rank: for each token a hypergeometric draw of `chosen` out of `count`, local ones win.
  const double mean_pairs = tokens * chosen / ranks;
  const double variance = count > 1 ? tokens * chosen / ranks * (1 - 1 / ranks) * (count - chosen) / (count - 1) : 0;
  const double pairs = std::min(mean_pairs * plan.expert_imbalance + deviations * std::sqrt(variance), tokens * chosen);

  // Each copy of an expert is missed by all tokens with probability 1 - hit.
  const double hit = chance_of_work(experts, tokens, 1 + plan.redundant_experts / count);
  const double distinct = local * hit + deviations * std::sqrt(local * hit * (1 - hit));
  return {pairs, std::min({distinct, local, pairs})};
}

double ranks_per_token(const Experts& experts, const InferencePlan& plan) {
  // Every one of `top_k` different experts misses a rank: C(count - local, top_k) / C(count, top_k).
  const double local = double{1} * experts.count / plan.ep;
  double missed = 1;
  for (int i = 0; i < experts.top_k; ++i) missed *= std::max(0.0, (experts.count - local - i) / (experts.count - i));
  return plan.ep * (1 - missed);
}

}  // namespace aifsim::model
