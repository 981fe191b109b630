// Stretches of decode iterations with the same sequences, in closed form.
#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "serving/replica_state.hpp"

namespace aifsim::serving {

void Replica::Implementation::push_due(std::vector<Due>& heap, std::int64_t when, SequenceIndex sequence) {
  heap.push_back({when, next_order++, sequences[sequence].version, sequence});
  std::push_heap(heap.begin(), heap.end());
}

bool Replica::Implementation::prune(std::vector<Due>& heap) const {
  while (!heap.empty() && heap.front().version != sequences[heap.front().sequence].version) {
    std::pop_heap(heap.begin(), heap.end());
    heap.pop_back();
  }
  return !heap.empty();
}

void Replica::Implementation::join_decode(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  AttentionGroup& group = groups[sequence.group];
  while (sequence.holding.pieces.size() < sequence.pieces.size()) {  // of a transferred cache
    group.cache.publish(sequence.holding, sequence.pieces[sequence.holding.pieces.size()]);
  }
  sequence.state = SequenceState::decoding;
  sequence.begun = iteration;
  ++group.decoding;
  ++decoding;
  group.adapters.add(adapter_of(sequence));
  group.context += (std::int64_t{sequence.target} + 1) * quanta.token;
  group.growth.add(cached_quanta(sequence), shape.growth(blocks_held(sequence)));
  plan_growth_change(index);
  const std::int64_t left = (std::int64_t{sequence.ticket.request.output_tokens} - sequence.generated) * quanta.token;
  push_due(ends, iteration + (left + quanta.iteration - 1) / quanta.iteration, index);
}

// The iteration from which on its next blocks take less, since a window is full.
void Replica::Implementation::plan_growth_change(SequenceIndex index) {
  const Sequence& sequence = sequences[index];
  const std::int64_t change = shape.next_change(blocks_held(sequence));
  if (change == 0) return;
  const std::int64_t gain = (change - 1) * shape.block_tokens * quanta.token + 1 - cached_quanta(sequence);
  push_due(growth_changes, iteration + (gain + quanta.iteration - 1) / quanta.iteration, index);
}

void Replica::Implementation::apply_growth_changes() {
  while (prune(growth_changes) && growth_changes.front().iteration <= iteration) {
    const SequenceIndex due = growth_changes.front().sequence;
    std::pop_heap(growth_changes.begin(), growth_changes.end());
    growth_changes.pop_back();
    const Sequence& sequence = sequences[due];
    const std::int64_t blocks = blocks_held(sequence);
    groups[sequence.group].growth.add(cached_quanta(sequence), shape.growth(blocks) - shape.growth(blocks - 1));
    plan_growth_change(due);
  }
}

std::int64_t Replica::Implementation::cached_quanta(const Sequence& sequence) const {
  const std::int64_t begun = (sequence.target + quanta.lookahead) * quanta.token;
  if (sequence.state != SequenceState::decoding) return begun;
  return begun + (iteration - sequence.begun) * quanta.iteration;
}

std::int64_t Replica::Implementation::blocks_held(const Sequence& sequence) const {
  const std::int64_t block = shape.block_tokens * quanta.token;
  return (cached_quanta(sequence) + block - 1) / block;
}

int Replica::Implementation::made(const Sequence& sequence) const {
  if (sequence.state != SequenceState::decoding) return sequence.generated;
  const std::int64_t more = (iteration - sequence.begun) * quanta.iteration / quanta.token;
  return static_cast<int>(std::min<std::int64_t>(sequence.ticket.request.output_tokens, sequence.generated + more));
}

// Commits the cache that the next iteration takes; who joined last goes while there is not enough. True if somebody had
// to.
bool Replica::Implementation::make_room() {
  bool preempted = false;
  for (AttentionGroup& group : groups) {
    group.committed = 0;
    while (group.growth.needed(quanta.iteration) > group.cache.available()) {
      preempt(group.newest);
      preempted = true;
    }
    group.committed = group.growth.needed(quanta.iteration);
  }
  return preempted;
}

// As many iterations as go by before anything about the batch can change.
void Replica::Implementation::start_stretch(bool preempted) {
  const AttentionGroup& longest =
      *std::max_element(groups.begin(), groups.end(), [](const AttentionGroup& a, const AttentionGroup& b) {
        return std::pair(a.decoding, a.context) < std::pair(b.decoding, b.context);
      });
  const double context = quanta.tokens(longest.context);
  const double gain = longest.decoding * quanta.tokens_per_iteration();
  const DecodeLine line = pricer.decode(longest.decoding, context, adapter_load(longest));
  ensure(prune(ends), "a sequence that decodes has an end");
  std::int64_t iterations = ends.front().iteration - iteration;
  if (line.until_context < std::numeric_limits<double>::infinity()) {
    const double on_line = std::floor((line.until_context - context) / gain) + 1;
    if (on_line < static_cast<double>(iterations))
      iterations = std::max<std::int64_t>(1, static_cast<std::int64_t>(on_line));
  }
  if (prune(growth_changes)) iterations = std::min(iterations, growth_changes.front().iteration - iteration);
  // Who was preempted for this iteration may fit into the next.
  if (room() > 0 && prompts_wait_until) {
    iterations = std::min(iterations, std::max<std::int64_t>(1, *prompts_wait_until - iteration));
  } else if (room() > 0 && !waiting.empty() && (preempted || scheduler->asks_every_iteration())) {
    iterations = 1;
  }
  iterations = stretch_limit(iterations);
  stretch = {.begin = now,
             .first = line.fixed + line.per_token * context,
             .step = line.per_token * gain,
             .iterations = iterations};
  begin_pace(decode_batch(longest), stretch.first);
  if (!incoming.empty() && interrupts()) stretch.iterations = stretch.until(pace.own(incoming.front().first));
  for (AttentionGroup& group : groups) group.committed = group.growth.needed(stretch.iterations * quanta.iteration);
  phase = Phase::decode;
}

// The most iterations for which every group has cache.
std::int64_t Replica::Implementation::stretch_limit(std::int64_t iterations) const {
  for (const AttentionGroup& group : groups) {
    const auto fits = [&](std::int64_t count) {
      return group.growth.needed(count * quanta.iteration) <= group.cache.available();
    };
    if (fits(iterations)) continue;
    std::int64_t enough = 1, too_many = iterations;
    while (too_many - enough > 1) {
      const std::int64_t middle = (enough + too_many) / 2;
      (fits(middle) ? enough : too_many) = middle;
    }
    iterations = enough;
  }
  return iterations;
}

void Replica::Implementation::finish_stretch() {
  const std::int64_t count = stretch.iterations;
  // What slowed some of them is told of all alike.
  const double times = pace.even() ? 1 : (now - stretch.begin) / (stretch.end(count) - stretch.begin);
  observer.decoded({.replica = number,
                    .begin = stretch.begin,
                    .sequences = decoding,
                    .iterations = static_cast<int>(count),
                    .first = stretch.first * times,
                    .last = stretch.duration(count - 1) * times,
                    .tokens_per_iteration = quanta.tokens_per_iteration(),
                    .adapter_sequences = adapter_sequences(),
                    .adapters = different_adapters()});
  for (AttentionGroup& group : groups) {
    group.committed = 0;
    group.cache.grow(group.growth.needed(count * quanta.iteration));
  }
  advance(count);
  collect_ends();
}

// Their cache has grown already.
void Replica::Implementation::advance(std::int64_t iterations) {
  iteration += iterations;
  for (AttentionGroup& group : groups) {
    const std::int64_t gain = iterations * quanta.iteration;
    group.growth.advance(gain);
    group.context += gain * group.decoding;
    group.expected -= gain * group.decoding;
  }
  apply_growth_changes();
  scheduler->decoded(iterations);
}

void Replica::Implementation::collect_ends() {
  while (prune(ends) && ends.front().iteration <= iteration) complete(ends.front().sequence);
}

}  // namespace aifsim::serving
