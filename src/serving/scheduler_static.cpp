// Batches of before continuous batching: as many prompts as one prefill iteration takes, decoded until all are done.
#include "serving/scheduler_policies.hpp"

namespace aifsim::serving {
namespace {

class StaticBatches final : public RuledScheduler {
 public:
  using RuledScheduler::RuledScheduler;
  [[nodiscard]] Turn turn(const EngineView& engine) const override {
    return {.admit = engine.running == 0, .decode_beside_prefill = false};
  }
};

}  // namespace

std::unique_ptr<BatchScheduler> make_static_batches(std::unique_ptr<AdmissionRule> admission) {
  return std::make_unique<StaticBatches>(std::move(admission));
}

}  // namespace aifsim::serving
