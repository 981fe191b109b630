// Images of prompts: their way through the host and, with chunks, through the encoder.
//
// What is encoded is kept until its tokens are in the KV cache. A sequence that is preempted and computed again has its
// images encoded again, but for those whose tokens it finds in the prefix cache. (vLLM may still have them in its
// encoder cache, if no other image needed the room.)
#include <algorithm>

#include "serving/replica_state.hpp"

namespace aifsim::serving {

void Replica::Implementation::refill_encoders() {
  encoders.assign(groups.size(), {.left = encoder_budget(options), .untouched = true});
}

ChunkImages Replica::Implementation::images_of(const Sequence& sequence, int tokens) const {
  return images_of_chunk(sequence.ticket.request.prompt, {sequence.computed, tokens, sequence.images_settled},
                         encoders[sequence.group], options.vision.patches_per_token);
}

void Replica::Implementation::encode(Sequence& sequence, const ChunkImages& images) {
  sequence.images_settled = images.settled;
  if (images.encoded_tokens == 0) return;
  EncoderBudget& encoder = encoders[sequence.group];
  encoder.left -= images.encoded_tokens;
  encoder.untouched = false;
  model::ImageWork& sum = sequence.ticket.record.encoded;
  sum.images += images.work.images;
  sum.patches += images.work.patches;
  sum.pairs += images.work.pairs;
}

// The host prepares the images of several requests side by side, so that one without images may overtake.
void Replica::Implementation::expect(SequenceIndex index, Seconds when) {
  Ticket& ticket = sequences[index].ticket;
  if (options.vision.patches_per_token > 0 && ticket.request.prompt.images > 0) {
    const Seconds work = options.vision.host_time_per_image * static_cast<double>(ticket.request.prompt.images);
    ticket.record.preparation += work;
    when += work;
  }
  const auto later = std::upper_bound(incoming.begin(), incoming.end(), when,
                                      [](Seconds time, const auto& entry) { return time < entry.first; });
  incoming.emplace(later, when, index);
  report(clock.now());
  notice(when);
}

}  // namespace aifsim::serving
