// A replica's profile from the price of its iterations: what measuring it alone would give.
#pragma once

#include "serving/engine.hpp"
#include "serving/iteration_pricer.hpp"
#include "serving/planner.hpp"

namespace aifsim::serving {

class PricedProfile final : public EngineProfile {
 public:
  // All must outlive it. `cache_tokens` of one attention group.
  PricedProfile(const EngineOptions& options, const IterationPricer& pricer, double cache_tokens)
      : options_(options), pricer_(pricer), cache_tokens_(cache_tokens) {}
  [[nodiscard]] double prompt_tokens_per_s(double prompt) const override;
  [[nodiscard]] double output_tokens_per_s(double context, Seconds tpot) const override;
  [[nodiscard]] Seconds tpot(double context, double output_tokens_per_s) const override;

 private:
  [[nodiscard]] Seconds iteration(int sequences, double context) const;
  [[nodiscard]] double rate(int sequences, double context) const;
  [[nodiscard]] int most(double context) const;
  const EngineOptions& options_;
  const IterationPricer& pricer_;
  double cache_tokens_;
};

}  // namespace aifsim::serving
