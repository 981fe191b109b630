// Dynamo's load-based planner: one replica more or less at a time, on queue length and KV cache use. Thresholds and the
// grace of three intervals after a scale-up are Dynamo's defaults (ai-dynamo planner documentation; recalled).
#include "serving/planner.hpp"

namespace aifsim::serving {
namespace {

constexpr int grace_intervals = 3;

class LoadPlanner final : public Planner {
 public:
  explicit LoadPlanner(const PlannerOptions& options) : options_(options) {}

  int wanted(const PoolObservation& seen) override {
    if (grace_ > 0) --grace_;
    if (seen.serving == 0 || seen.starting > 0) return seen.total();  // what comes is not yet seen in the load
    const double queue = seen.waiting / seen.serving;
    if (queue > options_.queue_up || seen.cache_use > options_.cache_up) {
      grace_ = grace_intervals;
      return seen.total() + 1;
    }
    const bool idle =
        queue < options_.queue_down && (seen.role == Role::prefill || seen.cache_use < options_.cache_down);
    return idle && grace_ == 0 ? seen.total() - 1 : seen.total();
  }

 private:
  PlannerOptions options_;
  int grace_ = 0;
};

}  // namespace

std::unique_ptr<Planner> make_load_planner(const PlannerOptions& options, const EngineProfile& /*profile*/) {
  return std::make_unique<LoadPlanner>(options);
}

}  // namespace aifsim::serving
