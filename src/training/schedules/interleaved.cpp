// Interleaved 1F1B (Megatron-LM, arXiv 2104.04473 §2.2): a stage holds several chunks; micro-batches go through them in
// groups as large as the pipeline.
#include <algorithm>

#include "training/schedule.hpp"

namespace aifsim::training {
namespace {

// The k-th forward (or backward) of a stage: chunks change every `stages` micro-batches; the last group may be short.
Pass virtual_pass(int k, bool backward, int stages, int chunks, int micro_batches) {
  const int per_group = stages * chunks;
  const int group = k / per_group;
  const int group_size = std::min(stages, micro_batches - group * stages);
  const int in_group = k - group * per_group;
  const int chunk = in_group / group_size;
  return {backward, backward ? chunks - 1 - chunk : chunk, group * stages + in_group % group_size};
}

}  // namespace

std::vector<Pass> interleaved_passes(int stage, int stages, int chunks, int micro_batches) {
  const int total = micro_batches * chunks;
  const int warm_up = std::min(total, (stages - stage - 1) * 2 + (chunks - 1) * stages);
  std::vector<Pass> passes;
  for (int k = 0; k < warm_up; ++k) passes.push_back(virtual_pass(k, false, stages, chunks, micro_batches));
  for (int k = warm_up; k < total; ++k) {
    passes.push_back(virtual_pass(k, false, stages, chunks, micro_batches));
    passes.push_back(virtual_pass(k - warm_up, true, stages, chunks, micro_batches));
  }
  for (int k = total - warm_up; k < total; ++k) {
    passes.push_back(virtual_pass(k, true, stages, chunks, micro_batches));
  }
  return passes;
}

}  // namespace aifsim::training
