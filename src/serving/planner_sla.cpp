// Dynamo's SLA planner: replicas from the load of the last interval over what one replica, by its profile, serves
// within the service level; corrected by how the observed time per token compares with the profile's (ai-dynamo
// documentation, "SLA-based planner"; recalled). Prompts that wait are load too, to be worked off within an interval.
#include <algorithm>
#include <cmath>
#include <deque>

#include "serving/planner.hpp"

namespace aifsim::serving {
namespace {

class SlaPlanner final : public Planner {
 public:
  SlaPlanner(const PlannerOptions& options, const EngineProfile& profile) : options_(options), profile_(profile) {}

  int wanted(const PoolObservation& seen) override {
    if (seen.output_tokens > 0) answer_ = seen.output_tokens;
    const double there = seen.total();  // enough, as long as nothing has been answered and nothing is known
    double replicas = 0;
    if (seen.requests > 0 || seen.waiting > 0) {
      if (seen.role != Role::decode) replicas += prefill(seen);
      if (seen.role != Role::prefill) replicas = answer_ > 0 ? replicas + decode(seen) : std::max(replicas, there);
    }
    return damped(std::min(replicas, double{1} * options_.max), seen.total());
  }

 private:
  static int whole(double replicas) { return static_cast<int>(std::ceil(replicas)); }

  // Up at once, down late: a pool that shrinks as soon as it can is too small again with the next few requests.
  [[nodiscard]] int damped(double replicas, int there) {
    needed_.push_back(replicas);
    if (needed_.size() > static_cast<std::size_t>(options_.down_intervals)) needed_.pop_front();
    if (whole(replicas) > there) return whole(replicas);
    if (needed_.size() < static_cast<std::size_t>(options_.down_intervals)) return there;
    const double most = *std::max_element(needed_.begin(), needed_.end());
    return std::min(there, std::max(options_.min, whole(most / options_.down_share)));
  }
  [[nodiscard]] double prefill(const PoolObservation& seen) const {
    const double mean = seen.requests > 0 ? seen.input_tokens / seen.requests : seen.waiting_tokens / seen.waiting;
    const double load = (seen.input_tokens + seen.waiting_tokens) / seen.interval.in(units::s);
    return load / profile_.prompt_tokens_per_s(std::max(1.0, mean));
  }
  [[nodiscard]] double decode(const PoolObservation& seen) {
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
  std::deque<double> needed_;  // replicas, in the last intervals
};

}  // namespace

std::unique_ptr<Planner> make_sla_planner(const PlannerOptions& options, const EngineProfile& profile) {
  return std::make_unique<SlaPlanner>(options, profile);
}

}  // namespace aifsim::serving
