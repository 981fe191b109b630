// Iterations that take longer than alone, for what moves over the channels of their exchanges, and those that wait for
// caches to be swapped out.
#include <limits>

#include "serving/replica_state.hpp"

namespace aifsim::serving {

void Replica::Implementation::begin_pace(const model::Batch& batch, Seconds alone) {
  phase_begin = now;
  pace = Pace(now);
  if (channels == nullptr && swaps == nullptr) return;
  under_way = batch;
  if (swapping_out > 0 || (channels != nullptr && channels->shared(number)))
    pace.change(now, times_as_long(batch, alone));
}

double Replica::Implementation::times_as_long(const model::Batch& batch, Seconds alone) {
  if (swapping_out == 0) return channels == nullptr ? 1 : channels->works(number, batch, alone);
  if (channels != nullptr) channels->rests(number);
  return std::numeric_limits<double>::infinity();
}

model::Batch Replica::Implementation::decode_batch(const AttentionGroup& group) const {
  model::Batch batch;
  batch.decode_sequences = group.decoding;
  batch.decode_tokens = batch.sampled = group.decoding * tokens_each();
  batch.decode_context = quanta.tokens(group.context);
  const AdapterLoad load = adapter_load(group);
  batch.adapter_tokens = load.tokens;
  batch.adapters = load.adapters;
  return batch;
}

void Replica::Implementation::channels_changed() {
  if (phase == Phase::idle) {
    if (channels != nullptr) channels->rests(number);
    return;
  }
  model::Batch batch = under_way;
  const Seconds when = clock.now();
  Seconds alone = duration;
  if (phase == Phase::decode) {
    const std::int64_t past = stretch.until(pace.own(when)) - 1;
    batch.decode_context += static_cast<double>(past) * batch.decode_sequences * quanta.tokens_per_iteration();
    alone = stretch.duration(past);
  }
  pace.change(when, times_as_long(batch, alone));
  want(pace.clock(phase == Phase::prefill ? phase_begin + duration : stretch.end(stretch.iterations)));
}

}  // namespace aifsim::serving
