#include <array>

#include "base/error.hpp"
#include "serving/scheduler_policies.hpp"

namespace aifsim::serving {
namespace {

constexpr std::array batchings{
    BatchingPolicy{Batching::mixed, "mixed", "prefill chunks and decodes share iterations", make_mixed},
    BatchingPolicy{Batching::prefill_first, "prefill-first", "decodes wait while prompts can be prefilled",
                   make_prefill_first},
    BatchingPolicy{Batching::static_batches, "static", "a batch starts when the last one is done", make_static_batches},
};

constexpr std::array admissions{
    AdmissionPolicy{Admission::optimistic, "optimistic", "joins when the prompt fits; preempts later", make_optimistic},
    AdmissionPolicy{Admission::no_evict, "no-evict", "joins when prompt and longest output fit", make_no_evict},
    AdmissionPolicy{Admission::estimated, "estimated", "joins when prompt and a learnt share of outputs fit",
                    make_estimated},
};

}  // namespace

std::span<const BatchingPolicy> batching_policies() { return batchings; }
std::span<const AdmissionPolicy> admission_policies() { return admissions; }

std::unique_ptr<BatchScheduler> make_scheduler(const EngineOptions& options) {
  const BatchingPolicy& batching = batchings[static_cast<std::size_t>(options.batching)];
  const AdmissionPolicy& admission = admissions[static_cast<std::size_t>(options.admission)];
  ensure(batching.batching == options.batching && admission.admission == options.admission,
         "the registries are in the order of their kinds");
  return batching.make(admission.make(options));
}

}  // namespace aifsim::serving
