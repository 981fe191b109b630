#include "model/expert_load.hpp"

#include <algorithm>
#include <cmath>

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
  const double hit = 1 - std::pow(1 - chosen / (count + plan.redundant_experts), tokens);
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
