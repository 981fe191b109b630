// What the registry of schedulers knows: one maker for each policy's file.
#pragma once

#include <memory>

#include "serving/scheduler.hpp"

namespace aifsim::serving {

// Schedulers that leave memory to their admission rule.
class RuledScheduler : public BatchScheduler {
 public:
  explicit RuledScheduler(std::unique_ptr<AdmissionRule> admission) : admission_(std::move(admission)) {}
  [[nodiscard]] bool admits(const Candidate& candidate, const GroupView& group) const override {
    return admission_->admits(candidate, group);
  }
  [[nodiscard]] bool asks_every_iteration() const override { return admission_->asks_every_iteration(); }
  void decoded(std::int64_t iterations) override { admission_->decoded(iterations); }
  void preempted(int running, double made, double limit) override { admission_->preempted(running, made, limit); }

 private:
  std::unique_ptr<AdmissionRule> admission_;
};

[[nodiscard]] std::unique_ptr<BatchScheduler> make_mixed(std::unique_ptr<AdmissionRule> admission);
[[nodiscard]] std::unique_ptr<BatchScheduler> make_prefill_first(std::unique_ptr<AdmissionRule> admission);
[[nodiscard]] std::unique_ptr<BatchScheduler> make_static_batches(std::unique_ptr<AdmissionRule> admission);

[[nodiscard]] std::unique_ptr<AdmissionRule> make_optimistic(const EngineOptions& options);
[[nodiscard]] std::unique_ptr<AdmissionRule> make_no_evict(const EngineOptions& options);
[[nodiscard]] std::unique_ptr<AdmissionRule> make_estimated(const EngineOptions& options);

}  // namespace aifsim::serving
