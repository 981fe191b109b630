// How much of a batch falls on one rank's experts.
#pragma once

#include "model/inference.hpp"

namespace aifsim::model {

struct ExpertLoad {
  double pairs = 0;    // (token, expert) pairs
  double experts = 0;  // distinct experts with at least one token
};

// Of the busiest of the plan's ep ranks (the layer ends when it does) when `tokens` tokens of all attention groups
// choose experts at random: the mean, plus the expected maximum of ep ranks' chance deviations. Some experts are more
// popular than others, which decides how many have work; that they are on one rank is the plan's expert_imbalance.
[[nodiscard]] ExpertLoad expert_load(const Experts& experts, const InferencePlan& plan, double tokens);

// Ranks, of the ep, that a token has at least one expert on.
[[nodiscard]] double ranks_per_token(const Experts& experts, const InferencePlan& plan);

}  // namespace aifsim::model
