// Iterations with prefill chunks, one at a time.
#include <algorithm>

#include "base/error.hpp"
#include "serving/replica_state.hpp"

namespace aifsim::serving {

void Replica::Implementation::start_prefill(bool with_decode) {
  std::vector<model::Batch> batches(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    AttentionGroup& group = groups[i];
    if (!with_decode) continue;
    group.cache.grow(group.committed);
    group.committed = 0;
    batches[i].decode_sequences = group.decoding;
    batches[i].decode_tokens = group.decoding * tokens_each();
    batches[i].decode_context = quanta.tokens(group.context);
    batches[i].sampled = batches[i].decode_tokens;
  }
  for (const Chunk& chunk : chunks) {
    const Sequence& sequence = sequences[chunk.sequence];
    model::Batch& batch = batches[sequence.group];
    const double tokens = chunk.tokens, before = sequence.computed;
    batch.prefill_sequences += 1;
    batch.prefill_tokens += tokens;
    batch.prefill_context += before;
    batch.prefill_pairs += tokens * before + tokens * (tokens + 1) / 2;
    batch.sampled += sequence.computed + chunk.tokens >= sequence.target ? 1 : 0;
    batch.images.images += chunk.images.images;
    batch.images.patches += chunk.images.patches;
    batch.images.pairs += chunk.images.pairs;
  }
  if (adapters.used()) add_adapters(batches, with_decode);
  double total = 0;
  // Groups work in step: the one with most to do sets the pace.
  const auto longest = std::max_element(batches.begin(), batches.end(), [](const auto& a, const auto& b) {
    return std::pair(a.tokens(), a.prefill_pairs + a.decode_context) <
           std::pair(b.tokens(), b.prefill_pairs + b.decode_context);
  });
  // Experts see the tokens of all groups, and those are rarely as many in each.
  for (const model::Batch& batch : batches) total += batch.tokens();
  longest->engine_tokens = total;
  // The same of their encoders, which come first.
  longest->images = std::max_element(batches.begin(), batches.end(), [](const auto& a, const auto& b) {
                      return std::pair(a.images.patches, a.images.pairs) < std::pair(b.images.patches, b.images.pairs);
                    })->images;
  decodes_too = with_decode && decoding > 0;
  duration = pricer.time(*longest);
  phase = Phase::prefill;
  begin_pace(*longest, duration);
}

void Replica::Implementation::finish_prefill() {
  double tokens = 0;
  for (const Chunk& chunk : chunks) tokens += chunk.tokens;
  if (!pace.even()) duration = now - phase_begin;
  const Seconds begun = now - duration;
  observer.prefilled(number, begun, duration, tokens);
  if (decodes_too) {
    observer.decoded({.replica = number,
                      .begin = begun,
                      .sequences = decoding,
                      .iterations = 1,
                      .first = duration,
                      .last = duration,
                      .tokens_per_iteration = quanta.tokens_per_iteration(),
                      .adapter_sequences = adapter_sequences(),
                      .adapters = different_adapters()});
    advance(1);
  }
  for (const Chunk& chunk : chunks) {
    Sequence& sequence = sequences[chunk.sequence];
    sequence.computed += chunk.tokens;
    waiting_tokens -= chunk.tokens;
    if (sequence.computed == sequence.target) prompt_done(chunk.sequence);
  }
  std::erase_if(prefilling, [this](SequenceIndex i) { return sequences[i].state != SequenceState::prefilling; });
  collect_ends();
}

// Its first token is out (or the next, when it was preempted before).
void Replica::Implementation::prompt_done(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  RequestRecord& record = sequence.ticket.record;
  if (sequence.generated == 0) record.first_token = now;
  if (sequence.ticket.request.output_tokens > 0) ++sequence.generated;
  if (sequence.generated >= sequence.ticket.request.output_tokens) return complete(index);
  if (role != Role::prefill) return join_decode(index);
  stop_running(index);
  sequence.state = SequenceState::held;
  const bool is_new = held.emplace(sequence.ticket.request.prompt.id, index).second;
  ensure(is_new, "a replica has a request once");
  outbox.emplace_back(Exit::prefilled, std::move(sequence.ticket));
}

}  // namespace aifsim::serving
