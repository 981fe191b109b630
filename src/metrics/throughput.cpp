#include "metrics/throughput.hpp"

#include "base/error.hpp"

namespace aifsim::metrics {

Throughput throughput(const StepWork& work, Seconds step_time) {
  ensure(step_time > Seconds{} && work.gpus > 0 && work.peak_per_gpu > FlopsPerSecond{},
         "a step takes time, and GPUs with a peak");
  const double tokens_per_s = work.tokens / step_time.in(units::s);
  const FlopsPerSecond model = work.model_flops / step_time / work.gpus;
  const FlopsPerSecond hardware = work.hardware_flops / step_time / work.gpus;
  return {tokens_per_s, tokens_per_s / work.gpus, model, model / work.peak_per_gpu, hardware / work.peak_per_gpu};
}

}  // namespace aifsim::metrics
