// GPipe (arXiv 1811.06965): all forward passes, then all backward passes.
#include "training/schedule.hpp"

namespace aifsim::training {

std::vector<Pass> gpipe_passes(int /*stage*/, int /*stages*/, int chunks, int micro_batches) {
  std::vector<Pass> passes;
  for (int chunk = 0; chunk < chunks; ++chunk) {
    for (int m = 0; m < micro_batches; ++m) passes.push_back({false, chunk, m});
  }
  for (int chunk = chunks - 1; chunk >= 0; --chunk) {
    for (int m = 0; m < micro_batches; ++m) passes.push_back({true, chunk, m});
  }
  return passes;
}

}  // namespace aifsim::training
