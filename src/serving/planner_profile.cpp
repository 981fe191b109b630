#include "serving/planner_profile.hpp"

#include <algorithm>

#include "serving/replica_group.hpp"

namespace aifsim::serving {

double PricedProfile::prompt_tokens_per_s(double prompt) const {
  const double tokens = std::min(prompt, double{1} * options_.max_batched_tokens);
  const model::Batch batch{
      .prefill_sequences = 1, .prefill_tokens = tokens, .prefill_pairs = tokens * (tokens + 1) / 2, .sampled = 1};
  return options_.plan.dp * tokens / pricer_.time(batch).in(units::s);
}

Seconds PricedProfile::iteration(int sequences, double context) const {
  const DecodeLine line = pricer_.decode(sequences, sequences * context, {});
  return line.fixed + line.per_token * (sequences * context);
}

double PricedProfile::rate(int sequences, double context) const {
  const double tokens = sequences * token_quanta(options_).tokens_per_iteration();
  return options_.plan.dp * tokens / iteration(sequences, context).in(units::s);
}

int PricedProfile::most(double context) const {
  return static_cast<int>(std::clamp(cache_tokens_ / std::max(1.0, context), 1.0, double{1} * options_.max_sequences));
}

double PricedProfile::output_tokens_per_s(double context, Seconds tpot) const {
  const Seconds allowed = tpot * token_quanta(options_).tokens_per_iteration();
  int fits = 1, too_many = most(context) + 1;
  while (too_many - fits > 1) {
    const int middle = fits + (too_many - fits) / 2;
    (iteration(middle, context) <= allowed ? fits : too_many) = middle;
  }
  return rate(fits, context);
}

Seconds PricedProfile::tpot(double context, double output_tokens_per_s) const {
  int enough = most(context), too_few = 0;
  while (enough - too_few > 1) {
    const int middle = too_few + (enough - too_few) / 2;
    (rate(middle, context) >= output_tokens_per_s ? enough : too_few) = middle;
  }
  return iteration(enough, context) / token_quanta(options_).tokens_per_iteration();
}

}  // namespace aifsim::serving
