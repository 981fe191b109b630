// Dynamo's SLA planner: replicas from the load of the last interval over what one replica, by its profile, serves within
// the service level; corrected by how the observed time per token compares with the profile's (ai-dynamo documentation,
// "SLA-based planner"; recalled). Prompts that wait are load too, to be worked off within an interval.
#include <algorithm>
#include <array>
#include <cmath>

#include "serving/planner.hpp"

namespace aifsim::serving {
namespace {

class SlaPlanner final : public Planner {
 public:
  SlaPlanner(const PlannerOptions& options, const EngineProfile& profile) : options_(options), profile_(profile) {}

  int wanted(const PoolObservation& seen) override {
    if (seen.output_tokens > 0) answer_ = seen.output_tokens;
    if (seen.requests <= 0 && seen.waiting <= 0) return steady(options_.min);
    double replicas = 0;
    if (seen.role != Role::decode) replicas += prefill(seen);
    if (seen.role != Role::prefill) replicas += decode(seen);
    return steady(static_cast<int>(std::ceil(std::min(replicas, double{1} * options_.max))));
  }

 private:
  // The most of the last intervals, so that a lull stops nothing that has just started: as the stabilisation window of
  // Kubernetes' horizontal pod autoscaler.
  [[nodiscard]] int steady(int replicas) {
    std::rotate(wanted_.rbegin(), wanted_.rbegin() + 1, wanted_.rend());
    wanted_.front() = replicas;
    return *std::max_element(wanted_.begin(), wanted_.end());
  }
  [[nodiscard]] double prefill(const PoolObservation& seen) const {
    const double mean = seen.requests > 0 ? seen.input_tokens / seen.requests : seen.waiting_tokens / seen.waiting;
    const double load = (seen.input_tokens + seen.waiting_tokens) / seen.interval.in(units::s);
    return load / profile_.prompt_tokens_per_s(std::max(1.0, mean));
  }
  [[nodiscard]] double decode(const PoolObservation& seen) {
    if (answer_ <= 0) return seen.total();  // nothing has been answered: nothing is known
    const double load = seen.requests * answer_ / seen.interval.in(units::s);
    if (seen.tpot > Seconds{} && seen.serving > 0) {
      const Seconds expected = profile_.tpot(seen.context, load / seen.serving);
      correction_ = std::clamp(seen.tpot / expected, 1.0, 4.0);  // assumed: more is a burst, not the engine's nature
    }
    return load / profile_.output_tokens_per_s(seen.context, options_.tpot / correction_);
  }

  PlannerOptions options_;
  const EngineProfile& profile_;
  double answer_ = 0, correction_ = 1;
  std::array<int, 4> wanted_{};  // assumed: four intervals
};

}  // namespace

std::unique_ptr<Planner> make_sla_planner(const PlannerOptions& options, const EngineProfile& profile) {
  return std::make_unique<SlaPlanner>(options, profile);
}

}  // namespace aifsim::serving
