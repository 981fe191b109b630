// vLLM, and TensorRT-LLM's maximum utilisation: whoever's prompt fits may join. Answers that grow too long are
// preempted.
#include "serving/scheduler_policies.hpp"

namespace aifsim::serving {
namespace {

class Optimistic final : public AdmissionRule {
 public:
  [[nodiscard]] bool admits(const Candidate& candidate, const GroupView& group) const override {
    return candidate.lacking <= group.available;
  }
};

}  // namespace

std::unique_ptr<AdmissionRule> make_optimistic(const EngineOptions& /*options*/) {
  return std::make_unique<Optimistic>();
}

}  // namespace aifsim::serving
