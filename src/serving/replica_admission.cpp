// Who joins the batch. The scheduler says whether; here are the consequences.
#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "serving/replica_state.hpp"

namespace aifsim::serving {

EngineView Replica::Implementation::view() const {
  return {.running = running, .decoding = decoding, .waiting = static_cast<int>(waiting.size() + passed_over.size())};
}

// Puts the next iterations together. The second round is for requests that find room where others were preempted.
void Replica::Implementation::begin() {
  for (int round = 0; round < 2; ++round) {
    join_ready();
    Turn turn = scheduler->turn(view());
    turn.admit = turn.admit && !prompts_wait();
    bool preempted = turn.decode_beside_prefill && make_room();
    chunks.clear();
    continue_prefills(turn);
    if (turn.admit && !preempted) admit();
    if (!chunks.empty()) return start_prefill(turn.decode_beside_prefill);
    if (!turn.decode_beside_prefill) preempted = make_room();
    if (decoding > 0) return start_stretch(preempted);
  }
  const bool others_hold = fetching > 0 || !held.empty() || !reserved.empty() || !ready.empty() || !incoming.empty();
  ensure((waiting.empty() && passed_over.size() == 0) || others_hold,
         "who fits into an empty cache does not wait for it");
}

// Does the engine keep new prompts waiting for others?
bool Replica::Implementation::prompts_wait() {
  const PromptWait& wait = options.prompt_wait;
  if (wait.iterations <= 0) return false;
  const auto ready_tokens = wait.token_share * options.max_batched_tokens;
  const bool enough = wait.token_share > 0 && static_cast<double>(waiting_tokens) >= ready_tokens;
  const bool all_groups = wait.every_group && waiting.size() >= groups.size();
  if (waiting.empty() || decoding == 0 || enough || all_groups) {
    prompts_wait_until.reset();
    return false;
  }
  if (!prompts_wait_until) {
    const std::int64_t polls = (iteration + wait.iterations - 1) / wait.iterations;
    prompts_wait_until = wait.polled ? polls * wait.iterations : iteration + wait.iterations;
  }
  if (iteration < *prompts_wait_until) return true;
  prompts_wait_until.reset();
  return false;
}

// Sequences that have their cache: fetched, swapped in or transferred.
void Replica::Implementation::join_ready() {
  while (!ready.empty() && groups[sequences[ready.front()].group].running < options.max_sequences) {
    const SequenceIndex next = ready.front();
    ready.pop_front();
    --groups[sequences[next].group].reserved;
    run(next);
    if (sequences[next].computed >= sequences[next].target) {
      join_decode(next);
    } else {
      prefilling.push_back(next);
    }
  }
}

void Replica::Implementation::continue_prefills(const Turn& turn) {
  budget.clear();
  for (const AttentionGroup& group : groups) {
    const double decodes = turn.decode_beside_prefill ? group.decoding * tokens_each() : 0;
    budget.push_back(options.max_batched_tokens - static_cast<int>(decodes));
  }
  refill_encoders();
  for (const SequenceIndex sequence : prefilling) add_chunk(sequence);
}

void Replica::Implementation::add_chunk(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  int& left = budget[sequence.group];
  const ChunkImages images = images_of(sequence, std::min(left, sequence.target - sequence.computed));
  const int tokens = images.tokens;
  if (tokens <= 0) return;
  left -= tokens;
  chunks.push_back({index, tokens, images.work});
  encode(sequence, images);
  // Whole pieces can be used by those who are scheduled after this.
  AttentionGroup& group = groups[sequence.group];
  const std::int64_t cached = sequence.computed + tokens;
  while (sequence.holding.pieces.size() < sequence.pieces.size()) {
    const PrefixPiece& piece = sequence.pieces[sequence.holding.pieces.size()];
    if ((sequence.holding.shared_blocks + piece.blocks) * shape.block_tokens > cached) break;
    group.cache.publish(sequence.holding, piece);
  }
}

void Replica::Implementation::admit() {
  while (front_can_join() && admit_front()) {
  }
}

// The first of those with the fewest sequences.
std::uint32_t Replica::Implementation::least_loaded() const {
  const auto load = [](const AttentionGroup& group) { return group.running + group.reserved; };
  const auto least =
      std::min_element(groups.begin(), groups.end(),
                       [&](const AttentionGroup& a, const AttentionGroup& b) { return load(a) < load(b); });
  return static_cast<std::uint32_t>(least - groups.begin());
}

bool Replica::Implementation::admit_front() {
  const SequenceIndex index = waiting.front();
  Sequence& sequence = sequences[index];
  sequence.group = least_loaded();
  AttentionGroup& group = groups[sequence.group];
  const int left = budget[sequence.group];
  if (group.running + group.reserved >= options.max_sequences || left <= 0) return false;
  const PrefixCache::Match match = group.cache.match(sequence.pieces);
  // At least one token is computed, and whole blocks are found.
  const int found = static_cast<int>(std::min<std::int64_t>(match.blocks, (sequence.target - 1) / shape.block_tokens) *
                                     shape.block_tokens);
  sequence.computed = found;
  sequence.images_settled = 0;
  // A prompt that was begun once may be longer than the budget now, and is chunked all the same.
  const bool whole = !options.chunked_prefill && sequence.generated == 0;
  if (whole && sequence.target - found > left) return false;
  if (!sequence.swapped && images_of(sequence, std::min(left, sequence.target - found)).tokens <= 0) return false;
  if (!admitted_by_scheduler(sequence, match)) return false;
  if (sequence.swapped && !room_to_swap_in(sequence, match)) return false;
  waiting.pop_front();
  group.cache.take(sequence.holding, sequence.pieces, match, shape.blocks(sequence.target + quanta.lookahead));
  take_adapter(index);
  if (!sequence.scheduled) {
    sequence.scheduled = true;
    sequence.ticket.record.scheduled = now;
    sequence.ticket.record.cached_tokens = found;
  }
  if (sequence.swapped) {
    begin_swap_in(index);
    return true;
  }
  waiting_tokens -= found;
  if (begin_fetch(index, match)) return true;
  if (sequence.lacks_adapter) {
    ++group.reserved;
    await_adapter(index);
    return true;
  }
  run(index);
  prefilling.push_back(index);
  add_chunk(index);
  return true;
}

bool Replica::Implementation::admitted_by_scheduler(const Sequence& sequence, const PrefixCache::Match& match) const {
  const AttentionGroup& group = groups[sequence.group];
  const std::int64_t blocks = shape.blocks(sequence.target + quanta.lookahead);
  const int limit = output_limit(sequence);
  const int prompt = std::max(1, sequence.ticket.request.prompt.tokens);
  const Candidate candidate{
      .uncached_tokens = sequence.target - sequence.computed,
      .output_limit = limit,
      .lacking = group.cache.lacking(match, blocks) + match.idle_blocks * shape.block,
      .whole = std::min(shape.total, shape.demand(shape.blocks(std::int64_t{prompt} + limit + quanta.lookahead)))};
  const GroupView seen{
      .running = group.running + group.reserved,
      .total = shape.total,
      .available = group.available(),
      .promised = group.promised,
      .units_per_token = static_cast<double>(shape.growth(std::numeric_limits<std::int64_t>::max() / 2)) /
                         static_cast<double>(shape.block_tokens),
      .expected_tokens = std::max(0.0, quanta.tokens(group.expected))};
  return scheduler->admits(candidate, seen) && candidate.lacking <= seen.available;
}

// The longest answer that it may get, as far as anybody can know.
int Replica::Implementation::output_limit(const Sequence& sequence) const {
  const Prompt& prompt = sequence.ticket.request.prompt;
  const int most = options.max_model_tokens > 0 ? std::max(0, options.max_model_tokens - std::max(1, prompt.tokens))
                                                : std::numeric_limits<int>::max() / 4;
  return prompt.output_limit > 0 ? std::min(prompt.output_limit, most) : most;
}

// It joins: from now on it counts as running, the newest of its group.
void Replica::Implementation::run(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  AttentionGroup& group = groups[sequence.group];
  sequence.state = SequenceState::prefilling;
  const int limit = output_limit(sequence);
  const std::int64_t longest = std::int64_t{std::max(1, sequence.ticket.request.prompt.tokens)} + limit;
  sequence.promised = std::min(shape.total, shape.demand(shape.blocks(longest + quanta.lookahead)));
  sequence.expected =
      std::max(0, std::min(limit, BatchScheduler::longest_estimate) - sequence.generated) * quanta.token;
  group.promised += sequence.promised;
  group.expected += sequence.expected;
  ++group.running;
  ++running;
  sequence.older = group.newest;
  sequence.newer = no_sequence;
  (group.newest == no_sequence ? group.oldest : sequences[group.newest].newer) = index;
  group.newest = index;
}

bool Replica::Implementation::begin_fetch(SequenceIndex index, const PrefixCache::Match& match) {
  Sequence& sequence = sequences[index];
  if (tiers == nullptr || match.pieces >= sequence.pieces.size()) return false;
  const auto missing = std::span(sequence.pieces).subspan(match.pieces);
  const std::size_t below = tiers->find(missing);
  if (below == 0) return false;
  sequence.state = SequenceState::fetching;
  sequence.asked = now;
  ++fetching;
  ++groups[sequence.group].reserved;
  const std::uint64_t version = sequence.version;
  const std::size_t pieces = match.pieces + below;
  tiers->fetch(number, missing.first(below), [this, index, pieces, version] {
    Sequence& arrived = sequences[index];
    if (arrived.version != version) return;  // lost meanwhile
    while (arrived.holding.pieces.size() < pieces) {
      groups[arrived.group].cache.publish(arrived.holding, arrived.pieces[arrived.holding.pieces.size()]);
    }
    const int cached = static_cast<int>(
        std::min(arrived.holding.shared_blocks, std::int64_t{arrived.target - 1} / shape.block_tokens) *
        shape.block_tokens);
    waiting_tokens -= cached - arrived.computed;
    if (arrived.ticket.record.preemptions == 0) arrived.ticket.record.cached_tokens = cached;
    arrived.computed = cached;
    fetched(index);
  });
  return true;
}

void Replica::Implementation::fetched(SequenceIndex index) {
  Sequence& sequence = sequences[index];
  if (sequence.lacks_adapter) {
    sequence.cache_there = clock.now();
    return;
  }
  sequence.state = SequenceState::ready;
  sequence.ticket.record.fetch += clock.now() - sequence.asked;
  --fetching;
  ready.push_back(index);
  notice(clock.now(), true);
}

}  // namespace aifsim::serving
