// vLLM V1, TensorRT-LLM's in-flight batching: decodes first, then prefill chunks in what is left of the token budget.
#include "serving/scheduler_policies.hpp"

namespace aifsim::serving {
namespace {

class Mixed final : public RuledScheduler {
 public:
  using RuledScheduler::RuledScheduler;
  [[nodiscard]] Turn turn(const EngineView& /*engine*/) const override { return {}; }
};

}  // namespace

std::unique_ptr<BatchScheduler> make_mixed(std::unique_ptr<AdmissionRule> admission) {
  return std::make_unique<Mixed>(std::move(admission));
}

}  // namespace aifsim::serving
