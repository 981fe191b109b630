// 1F1B (PipeDream-flush, arXiv 2006.09503): warm up with as many forwards as stages follow, then alternate.
#include <algorithm>

#include "training/schedule.hpp"

namespace aifsim::training {

std::vector<Pass> one_forward_one_backward_passes(int stage, int stages, int /*chunks*/, int micro_batches) {
  std::vector<Pass> passes;
  const int warm_up = std::min(micro_batches, stages - stage - 1);
  for (int m = 0; m < warm_up; ++m) passes.push_back({false, 0, m});
  for (int m = warm_up; m < micro_batches; ++m) {
    passes.push_back({false, 0, m});
    passes.push_back({true, 0, m - warm_up});
  }
  for (int m = micro_batches - warm_up; m < micro_batches; ++m) passes.push_back({true, 0, m});
  return passes;
}

}  // namespace aifsim::training
