// TensorRT-LLM's guaranteed no evict: whoever joins could get the longest answer allowed, and so could all others.
// Prefixes that sequences share are counted for each of them.
#include "serving/scheduler_policies.hpp"

namespace aifsim::serving {
namespace {

class NoEvict final : public AdmissionRule {
 public:
  [[nodiscard]] bool admits(const Candidate& candidate, const GroupView& group) const override {
    return candidate.lacking <= group.available && group.promised + candidate.whole <= group.total;
  }
};

}  // namespace

std::unique_ptr<AdmissionRule> make_no_evict(const EngineOptions& /*options*/) { return std::make_unique<NoEvict>(); }

}  // namespace aifsim::serving
