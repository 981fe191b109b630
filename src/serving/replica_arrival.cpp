// Requests that come to a replica: from clients, or with a cache from a prefill replica.
#include <algorithm>

#include "base/error.hpp"
#include "serving/replica_state.hpp"

namespace aifsim::serving {
namespace {

int prompt_tokens(const Request& request) { return std::max(1, request.prompt.tokens); }

}  // namespace

// Its whole length, since nobody may be in the cache's way for ever; and the engine's own limits.
bool Replica::Implementation::holdable(const Request& request) const {
  const std::int64_t prompt = prompt_tokens(request);
  const std::int64_t whole = prompt + (role == Role::prefill ? 1 : request.output_tokens);
  if (options.max_model_tokens > 0 && prompt + request.output_tokens > options.max_model_tokens) return false;
  const bool prefills = role != Role::decode;
  if (prefills && !options.chunked_prefill && prompt > options.max_batched_tokens) return false;
  return shape.demand(shape.blocks(whole + quanta.lookahead)) <= shape.total;
}

void Replica::Implementation::submit(Ticket ticket) {
  const auto transferred = reserved.find(ticket.request.prompt.id);
  if (transferred != reserved.end()) return submit_transferred(std::move(ticket));
  ensure(role != Role::decode, "a decode replica gets what it has reserved cache for");
  if (draining) return outlets.rejected(std::move(ticket), RejectReason::replica_lost);
  if (!holdable(ticket.request)) return outlets.rejected(std::move(ticket), RejectReason::too_long);
  const std::size_t queued = waiting.size() + passed_over.size() + incoming.size();
  if (options.queue_limit > 0 && queued >= static_cast<std::size_t>(options.queue_limit)) {
    return outlets.rejected(std::move(ticket), RejectReason::queue_full);
  }
  const SequenceIndex added = enter(std::move(ticket), SequenceState::incoming);
  waiting_tokens += sequences[added].target;
  queued_adapters.add(adapter_of(sequences[added]));
  const Seconds when = std::max(clock.now() + options.software.per_request, front_end_free);
  front_end_free = when + options.software.request_gap;
  expect(added, when);
}

void Replica::Implementation::submit_transferred(Ticket ticket) {
  const auto found = reserved.find(ticket.request.prompt.id);
  const SequenceIndex arrived = found->second;
  reserved.erase(found);
  sequences[arrived].ticket = std::move(ticket);
  sequences[arrived].state = SequenceState::incoming;
  incoming.emplace_back(clock.now(), arrived);
  notice(clock.now());
}

SequenceIndex Replica::Implementation::enter(Ticket ticket, SequenceState state) {
  const SequenceIndex added = sequences.add();
  Sequence& sequence = sequences[added];
  sequence.ticket = std::move(ticket);
  sequence.state = state;
  sequence.target = prompt_tokens(sequence.ticket.request);
  if (options.prefix_caching && shape.block > 0) {
    name_pieces(sequence.ticket.request.prompt, options.block_tokens, sequence.pieces);
  }
  return added;
}

bool Replica::Implementation::reserve(const Ticket& ticket) {
  ensure(role == Role::decode, "decode replicas reserve cache for what is transferred");
  if (draining || !holdable(ticket.request)) return false;
  const SequenceIndex added = enter({.request = ticket.request, .record = ticket.record}, SequenceState::reserved);
  Sequence& sequence = sequences[added];
  sequence.group = least_loaded();
  AttentionGroup& group = groups[sequence.group];
  const PrefixCache::Match match = group.cache.match(sequence.pieces);
  const std::int64_t blocks = shape.blocks(sequence.target + quanta.lookahead);
  const bool fits = group.cache.lacking(match, blocks) + match.idle_blocks * shape.block <= group.available();
  if (!fits || !adapter_fits(ticket.request)) {
    sequences.remove(added);
    return false;
  }
  group.cache.take(sequence.holding, sequence.pieces, match, blocks);
  ++group.reserved;
  take_adapter(added);
  sequence.computed = sequence.target;
  sequence.generated = 1;
  sequence.scheduled = true;
  reserved.emplace(ticket.request.prompt.id, added);
  return true;
}

void Replica::Implementation::take_incoming() {
  while (!incoming.empty() && incoming.front().first <= now) {
    const SequenceIndex arrived = incoming.front().second;
    incoming.pop_front();
    const bool transferred = sequences[arrived].computed > 0;
    if (sequences[arrived].lacks_adapter) {
      await_adapter(arrived);
      continue;
    }
    if (!transferred) sequences[arrived].place = ++last_place;
    sequences[arrived].state = transferred ? SequenceState::ready : SequenceState::waiting;
    (transferred ? ready : waiting).push_back(arrived);
  }
}

}  // namespace aifsim::serving
