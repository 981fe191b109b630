// SGLang: running answers are expected to use a share of what they may still get. The share starts high, falls with
// every decode step, and is set anew from what answers have really used when a sequence had to be retracted.
//
// Constants: SGLang's defaults (SGLANG_INIT_NEW_TOKEN_RATIO 0.7, SGLANG_MIN_NEW_TOKEN_RATIO_FACTOR 0.14,
// SGLANG_NEW_TOKEN_RATIO_DECAY_STEPS 600, SGLANG_RETRACT_DECODE_STEPS 20), schedule conservativeness 1.
#include <algorithm>

#include "serving/scheduler_policies.hpp"

namespace aifsim::serving {
namespace {

constexpr double first_share = 0.7, least_share = first_share * 0.14;
constexpr double decay_steps = 600, retract_steps = 20;

class Estimated final : public AdmissionRule {
 public:
  [[nodiscard]] bool admits(const Candidate& candidate, const GroupView& group) const override {
    if (candidate.lacking > group.available) return false;
    if (group.running == 0) return true;  // nobody would be better off if it waited
    const double own = std::min(candidate.output_limit, BatchScheduler::longest_estimate);
    const double expected = (share_ * group.expected_tokens + own) * group.units_per_token;
    return static_cast<double>(candidate.lacking) + expected < static_cast<double>(group.available);
  }
  [[nodiscard]] bool asks_every_iteration() const override { return true; }
  void decoded(std::int64_t iterations) override {
    const double step = (first_share - least_share) / decay_steps;
    share_ = std::max(least_share, share_ - step * static_cast<double>(iterations));
  }
  void preempted(int running, double made, double limit) override {
    share_ = std::min(1.0, (made + retract_steps * running) / (limit + 1));
  }

 private:
  double share_ = first_share;
};

}  // namespace

std::unique_ptr<AdmissionRule> make_estimated(const EngineOptions& /*options*/) {
  return std::make_unique<Estimated>();
}

}  // namespace aifsim::serving
