// LoRA adapters of a replica's requests: who may join, who waits for a load, what a batch holds.
#include <algorithm>

#include "serving/replica_state.hpp"

namespace aifsim::serving {

// Without slots an engine takes requests as if they had no adapter.
std::uint32_t Replica::Implementation::adapter_of(const Sequence& sequence) const {
  return adapters.used() ? sequence.ticket.request.prompt.adapter : 0;
}

bool Replica::Implementation::adapter_fits(const Request& request) const {
  const std::uint32_t adapter = request.prompt.adapter;
  return !adapters.used() || adapter == 0 || adapters.takes(adapter);
}

// Puts the request that is the next to join at the front of the queue: the first one whose adapter has a slot or gets
// one. False: there is none.
bool Replica::Implementation::front_can_join() {
  if (!adapters.used()) return !waiting.empty();
  while (true) {
    const std::optional<AdapterQueue::Place> first = passed_over.first(adapters);
    if (first && (waiting.empty() || first->first < sequences[waiting.front()].place)) {
      passed_over.remove(adapter_of(sequences[first->second]), *first);
      waiting.push_front(first->second);
      return true;
    }
    if (waiting.empty()) return false;
    const SequenceIndex front = waiting.front();
    const std::uint32_t adapter = adapter_of(sequences[front]);
    if (adapter == 0 || adapters.takes(adapter)) return true;
    if (!sequences[front].passed_over) sequences[front].passed_over = now;
    passed_over.add(adapter, {sequences[front].place, front});
    waiting.pop_front();
  }
}

// From now on it uses a slot. It may not run before its adapter is there.
void Replica::Implementation::take_adapter(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  const std::uint32_t adapter = adapter_of(sequence);
  if (adapter == 0) return;
  const AdapterSlots::Content content = adapters.take(adapter);
  passed_over.use_changed(adapter, true);
  if (!sequence.scheduled && role != Role::decode) queued_adapters.remove(adapter);
  if (sequence.passed_over && !sequence.scheduled) sequence.ticket.record.slot_wait = now - *sequence.passed_over;
  observer.adapter_taken(number, content == AdapterSlots::Content::there);
  if (content == AdapterSlots::Content::there) {
    if (adapter_source != nullptr) adapter_source->used(number, adapter);
    return;
  }
  if (content == AdapterSlots::Content::wanting && adapter_source == nullptr) {
    (void)adapters.loaded(adapter, adapters.load());
    return;
  }
  sequence.lacks_adapter = true;
  adapter_waiters[adapter].emplace_back(index, sequence.version);
  if (content != AdapterSlots::Content::wanting) return;
  adapter_source->load(number, adapter, [this, adapter, load = adapters.load()] { adapter_loaded(adapter, load); });
}

void Replica::Implementation::give_back_adapter(SequenceIndex index) {
  const std::uint32_t adapter = adapter_of(sequences[index]);
  if (adapter == 0) return;
  adapters.give_back(adapter);
  if (!adapters.in_use(adapter)) passed_over.use_changed(adapter, false);
}

// Its cache is there, its adapter is not.
void Replica::Implementation::await_adapter(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  sequence.state = SequenceState::fetching;
  sequence.asked = now;
  sequence.cache_there = now;
  ++fetching;
}

void Replica::Implementation::adapter_loaded(std::uint32_t adapter, std::uint64_t load) {
  if (!adapters.loaded(adapter, load)) return;
  const auto found = adapter_waiters.find(adapter);
  if (found == adapter_waiters.end()) return;
  const std::vector<std::pair<SequenceIndex, std::uint64_t>> waiters = std::move(found->second);
  adapter_waiters.erase(found);
  for (const auto& [index, version] : waiters) {
    Sequence& sequence = sequences[index];
    if (sequence.version != version) continue;  // lost meanwhile
    sequence.lacks_adapter = false;
    if (!sequence.cache_there) continue;
    const Seconds waited = std::max(Seconds{}, clock.now() - *sequence.cache_there);
    sequence.cache_there.reset();
    if (sequence.generated == 0) {
      sequence.ticket.record.adapter_wait += waited;
    } else {
      sequence.asked += waited;  // records are of the time to the first token
    }
    observer.adapter_awaited(number, waited);
    fetched(index);
  }
}

// What the batches' sequences have of adapters: those that decode, if they do, and the chunks.
void Replica::Implementation::add_adapters(std::vector<model::Batch>& batches, bool with_decode) const {
  std::vector<AdapterTally> tallies(groups.size());
  for (std::size_t i = 0; with_decode && i < groups.size(); ++i) {
    tallies[i] = groups[i].adapters;
    batches[i].adapter_tokens = tallies[i].sequences() * tokens_each();
  }
  for (const Chunk& chunk : chunks) {
    const Sequence& sequence = sequences[chunk.sequence];
    const std::uint32_t adapter = adapter_of(sequence);
    tallies[sequence.group].add(adapter);
    if (adapter != 0) batches[sequence.group].adapter_tokens += chunk.tokens;
  }
  for (std::size_t i = 0; i < batches.size(); ++i) batches[i].adapters = tallies[i].different();
}

int Replica::Implementation::adapter_sequences() const {
  int sum = 0;
  for (const AttentionGroup& group : groups) sum += group.adapters.sequences();
  return sum;
}

int Replica::Implementation::different_adapters() const {
  int most = 0;
  for (const AttentionGroup& group : groups) most = std::max(most, group.adapters.different());
  return most;
}

AdapterLoad Replica::Implementation::adapter_load(const AttentionGroup& group) const {
  return {.tokens = group.adapters.sequences() * tokens_each(), .adapters = double{1} * group.adapters.different()};
}

}  // namespace aifsim::serving
