// Caches of preempted sequences go to host memory and come back.
//
// As in vLLM, whose engine hands the blocks on at once and copies them in the order of the GPU's own work: iterations,
// and copies back, that come after a copy out begin when it is over. Copies back go on beside the iterations of others.
// Without a way on the fabric the copy out costs nothing and the copy back goes at swap_bandwidth.
#include <algorithm>
#include <utility>

#include "serving/replica_state.hpp"

namespace aifsim::serving {

Bytes Replica::Implementation::swapped_bytes(const Sequence& sequence) const {
  return memory.block_bytes * static_cast<double>(shape.blocks(sequence.target));
}

void Replica::Implementation::swap_out(const Sequence& sequence) {
  ++swapping_out;
  swaps->move(number, sequence.group, SwapSpace::Direction::out, swapped_bytes(sequence), [this, life = epoch] {
    if (life != epoch || --swapping_out > 0) return;
    for (const auto& [index, version] : std::exchange(to_swap_in, {})) {
      if (sequences[index].version == version) swap_in(index);
    }
    channels_changed();
  });
}

// Those that run, or are about to, keep room for their next tokens: else two sequences could push each other out for
// ever before either makes one.
bool Replica::Implementation::room_to_swap_in(const Sequence& sequence, const PrefixCache::Match& match) const {
  const AttentionGroup& group = groups[sequence.group];
  if (group.running == 0 && group.reserved > 0) return false;
  const CacheUnits lacking = group.cache.lacking(match, shape.blocks(sequence.target + quanta.lookahead));
  const CacheUnits next = std::max(group.committed, group.growth.needed(quanta.iteration));
  return lacking + match.idle_blocks * shape.block + next <= group.cache.available();
}

void Replica::Implementation::begin_swap_in(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  sequence.state = SequenceState::fetching;
  sequence.swapped = false;
  sequence.asked = now;
  ++fetching;
  ++groups[sequence.group].reserved;
  if (swapping_out > 0) {
    to_swap_in.emplace_back(index, sequence.version);
  } else {
    swap_in(index);
  }
}

void Replica::Implementation::swap_in(SequenceIndex index) {
  const Sequence& sequence = sequences[index];
  const auto back = [this, index, version = sequence.version] {
    if (sequences[index].version != version) return;
    sequences[index].computed = sequences[index].target;
    fetched(index);
  };
  const Bytes bytes = swapped_bytes(sequence);
  if (swaps != nullptr) {
    swaps->move(number, sequence.group, SwapSpace::Direction::in, bytes, back);
  } else {
    clock.at(std::max(clock.now(), now + bytes / options.swap_bandwidth), back);
  }
}

}  // namespace aifsim::serving
