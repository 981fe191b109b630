// SGLang without mixed chunks: as long as a prompt can be prefilled, decodes wait.
#include "serving/scheduler_policies.hpp"

namespace aifsim::serving {
namespace {

class PrefillFirst final : public RuledScheduler {
 public:
  using RuledScheduler::RuledScheduler;
  [[nodiscard]] Turn turn(const EngineView& /*engine*/) const override { return {.decode_beside_prefill = false}; }
};

}  // namespace

std::unique_ptr<BatchScheduler> make_prefill_first(std::unique_ptr<AdmissionRule> admission) {
  return std::make_unique<PrefillFirst>(std::move(admission));
}

}  // namespace aifsim::serving
