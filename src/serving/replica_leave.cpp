// Who leaves: done, preempted, handed on, lost.
#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "serving/replica_state.hpp"

namespace aifsim::serving {

// It runs no longer; its cache is still there.
void Replica::Implementation::stop_running(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  AttentionGroup& group = groups[sequence.group];
  give_back_adapter(index);
  group.promised -= sequence.promised;
  group.expected -= sequence.expected;
  --group.running;
  --running;
  (sequence.older == no_sequence ? group.oldest : sequences[sequence.older].newer) = sequence.newer;
  (sequence.newer == no_sequence ? group.newest : sequences[sequence.newer].older) = sequence.older;
  sequence.older = sequence.newer = no_sequence;
  if (sequence.state != SequenceState::decoding) return;
  const std::int64_t gain = (iteration - sequence.begun) * quanta.iteration;
  group.expected += gain;
  group.context -= (std::int64_t{sequence.target} + 1) * quanta.token + gain;
  group.growth.add(cached_quanta(sequence), -shape.growth(blocks_held(sequence)));
  --group.decoding;
  --decoding;
  group.adapters.remove(adapter_of(sequence));
  ++sequence.version;
}

void Replica::Implementation::leave_cache(SequenceIndex index, bool keep_answer) {
  Sequence& sequence = sequences[index];
  scratch.clear();
  if (keep_answer && options.prefix_caching && shape.block > 0) {
    // The last token of an answer is never fed back.
    const Request& request = sequence.ticket.request;
    name_answer(request.prompt, options.block_tokens, request.prompt.tokens + request.output_tokens - 1, scratch);
  }
  groups[sequence.group].cache.give_back(sequence.holding, blocks_held(sequence), scratch);
}

void Replica::Implementation::complete(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  leave_cache(index, true);
  stop_running(index);
  RequestRecord& record = sequence.ticket.record;
  record.done = now;
  record.replica = number;
  record.output_tokens = sequence.ticket.request.output_tokens;
  outbox.emplace_back(Exit::completed, std::move(sequence.ticket));
  sequences.remove(index);
}

void Replica::Implementation::preempt(SequenceIndex index) {
  ensure(index != no_sequence, "cache runs out only while somebody decodes");
  Sequence& sequence = sequences[index];
  const bool decoded = sequence.state == SequenceState::decoding;
  const int tokens = made(sequence);
  leave_cache(index, false);
  stop_running(index);
  if (!decoded) {
    std::erase(prefilling, index);
    waiting_tokens += sequence.computed;
  }
  ++sequence.ticket.record.preemptions;
  sequence.generated = tokens;
  sequence.swapped = decoded && options.preemption == Preemption::swap && options.swap_bandwidth > BytesPerSecond{};
  // Swapped out, it comes back as it was: the last token made is the next to go in.
  sequence.target = std::max(1, sequence.ticket.request.prompt.tokens) + tokens - (sequence.swapped ? 1 : 0);
  sequence.computed = 0;
  if (decoded && !sequence.swapped) waiting_tokens += sequence.target;
  if (sequence.swapped && swaps != nullptr) swap_out(sequence);
  sequence.state = SequenceState::waiting;
  sequence.place = --first_place;
  waiting.push_front(index);
  double all_made = 0, all_limits = 0;
  for (const AttentionGroup& group : groups) {
    for (SequenceIndex other = group.oldest; other != no_sequence; other = sequences[other].newer) {
      all_made += made(sequences[other]);
      all_limits += std::min(output_limit(sequences[other]), BatchScheduler::longest_estimate);
    }
  }
  scheduler->preempted(running, all_made, all_limits);
}

// Others may act on this replica in return: its books are in order by now.
void Replica::Implementation::deliver() {
  std::vector<std::pair<Exit, Ticket>> going;
  going.swap(outbox);
  for (auto& [exit, ticket] : going) {
    (exit == Exit::completed ? outlets.completed : outlets.prefilled)(std::move(ticket));
  }
  going.clear();
  if (outbox.empty()) outbox.swap(going);  // keeps its memory
}

void Replica::Implementation::release(std::uint64_t request) {
  auto& kept = role == Role::decode ? reserved : held;
  const auto found = kept.find(request);
  if (found == kept.end()) return;  // lost when the replica failed
  const SequenceIndex index = found->second;
  kept.erase(found);
  if (role == Role::decode) {
    --groups[sequences[index].group].reserved;
    give_back_adapter(index);
  }
  leave_cache(index, false);
  sequences.remove(index);
  if (busy) return;
  if (!waiting.empty()) notice(clock.now());
  check_drained();
}

std::vector<Ticket> Replica::Implementation::fail() {
  std::vector<Ticket> tickets;
  const auto give = [&](SequenceIndex sequence) {
    Ticket& ticket = sequences[sequence].ticket;
    RequestRecord& record = ticket.record;
    record = {.id = record.id,
              .input_tokens = record.input_tokens,
              .output_tokens = record.output_tokens,
              .block_tokens = record.block_tokens,
              .adapter = record.adapter,
              .preemptions = record.preemptions,
              .images = record.images,
              .image_tokens = record.image_tokens,
              .arrival = record.arrival};
    tickets.push_back(std::move(ticket));
    sequences.remove(sequence);
  };
  sequences.for_each([&](SequenceIndex sequence) {
    const SequenceState state = sequences[sequence].state;
    if (state == SequenceState::held || state == SequenceState::reserved) {
      sequences.remove(sequence);
    } else {
      give(sequence);
    }
  });
  for (AttentionGroup& group : groups) {
    group = AttentionGroup(shape, quanta, number);
    group.cache.use_tiers(tiers);
  }
  incoming.clear();
  waiting.clear();
  passed_over.clear();
  adapters.clear();
  queued_adapters = {};
  adapter_waiters.clear();
  ready.clear();
  prefilling.clear();
  held.clear();
  reserved.clear();
  ends.clear();
  growth_changes.clear();
  chunks.clear();
  running = decoding = fetching = 0;
  waiting_tokens = 0;
  phase = Phase::idle;
  ++epoch;
  swapping_out = 0;
  to_swap_in.clear();
  if (channels != nullptr) channels->rests(number);
  wanted = Seconds::from_base(std::numeric_limits<double>::infinity());
  std::ranges::sort(tickets, {}, [](const Ticket& ticket) { return ticket.record.id; });
  report(clock.now());
  check_drained();
  return tickets;
}

void Replica::Implementation::check_drained() {
  if (!draining || !drained || !sequences.empty()) return;
  const std::function<void()> done = std::move(drained);
  drained = nullptr;
  done();
}

}  // namespace aifsim::serving
