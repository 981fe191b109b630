#include "serving/replica.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "serving/replica_state.hpp"

namespace aifsim::serving {
namespace {

constexpr Seconds never = Seconds::from_base(std::numeric_limits<double>::infinity());

}  // namespace

Replica::Implementation::Implementation(std::uint32_t replica, Role what, const EngineOptions& engine,
                                        const EngineMemory& hbm, const IterationPricer& prices,
                                        task::Executor& executor, ServingObserver& watcher, ReplicaOutlets outside)
    : number(replica),
      role(what),
      options(engine),
      memory(hbm),
      pricer(prices),
      clock(executor),
      observer(watcher),
      outlets(std::move(outside)),
      quanta(token_quanta(engine)),
      shape(cache_shape(engine, hbm)),
      scheduler(make_scheduler(engine)),
      adapters(engine.adapters.slots),
      wanted(never) {
  ensure(options.max_sequences > 0 && options.block_tokens > 0, "an engine runs sequences and has cache blocks");
  ensure(options.max_batched_tokens >= options.max_sequences * tokens_each(),
         "all sequences can decode within the token budget");
  ensure(shape.windows.empty() || quanta.iteration <= shape.block_tokens * quanta.token,
         "an iteration fills no more than one block of a model with windows");
  const auto count = static_cast<std::size_t>(std::max(1, options.plan.dp));
  groups.reserve(count);
  for (std::size_t i = 0; i < count; ++i) groups.emplace_back(shape, quanta, number);
  reported.replica = number;
}

TokenQuanta token_quanta(const EngineOptions& options) {
  if (options.speculative_tokens == 0) return {};
  // A drafted token counts if it and all before it are accepted. Kept to 1/256 of a token.
  double tokens = 0, accepted = 1;
  for (int i = 0; i <= options.speculative_tokens; ++i, accepted *= options.acceptance) tokens += accepted;
  constexpr std::int64_t parts = 256;
  return {.token = parts,
          .iteration = static_cast<std::int64_t>(tokens * static_cast<double>(parts) + 0.5),
          .lookahead = options.speculative_tokens};
}

// The clock

// Wake-ups are never called off: one that comes too early finds nothing to do. A new one is needed only before the
// earliest under way, so few are.
void Replica::Implementation::want(Seconds when) {
  wanted = when;
  if (when == never || (!armed.empty() && armed.back() <= when)) return;
  armed.push_back(std::max(when, clock.now()));
  clock.at(armed.back(), [this] { wake(); });
}

void Replica::Implementation::wake() {
  armed.pop_back();
  if (wanted <= clock.now()) {
    step();
  } else {
    want(wanted);
  }
}

void Replica::Implementation::step() {
  now = wanted;
  busy = true;
  if (phase == Phase::prefill) finish_prefill();
  if (phase == Phase::decode) finish_stretch();
  phase = Phase::idle;
  deliver();
  take_incoming();
  begin();
  busy = false;
  switch (phase) {
    case Phase::idle: want(incoming.empty() ? never : incoming.front().first); break;
    case Phase::prefill: want(pace.clock(now + duration)); break;
    case Phase::decode: want(pace.clock(stretch.end(stretch.iterations))); break;
  }
  if (phase == Phase::idle && channels != nullptr) channels->rests(number);
  report(now);
  check_drained();
}

bool Replica::Implementation::interrupts() const {
  if (room() <= 0) return false;
  // Those that come with their cache join before any that wait; others would wait behind them.
  return role == Role::decode || ((waiting.empty() || prompts_wait_until) && scheduler->turn(view()).admit);
}

void Replica::Implementation::notice(Seconds when, bool ahead) {
  if (busy || phase == Phase::prefill) return;
  if (phase == Phase::idle) {
    if (when < wanted) want(when);
    return;
  }
  if (!(ahead ? room() > 0 : interrupts())) return;
  const std::int64_t iterations = stretch.until(pace.own(when));
  if (iterations >= stretch.iterations) return;
  stretch.iterations = iterations;
  want(pace.clock(stretch.end(iterations)));
}

void Replica::Implementation::report(Seconds when) {
  const int queued = static_cast<int>(waiting.size() + passed_over.size() + incoming.size() + ready.size()) + fetching;
  if (queued == reported.waiting && running == reported.running) return;
  reported.waiting = queued;
  reported.running = running;
  double used = 0;
  for (const AttentionGroup& group : groups) used += static_cast<double>(group.cache.used());
  const double total = static_cast<double>(shape.total) * static_cast<double>(groups.size());
  reported.cache_capacity = memory.cache_tokens * static_cast<double>(groups.size());
  reported.cache_tokens = total > 0 ? reported.cache_capacity * used / total : 0;
  observer.changed(reported, when);
}

// The outside

Replica::Replica(std::uint32_t index, Role role, const EngineOptions& options, const EngineMemory& memory,
                 const IterationPricer& pricer, task::Executor& clock, ServingObserver& observer,
                 ReplicaOutlets outlets)
    : implementation_(std::make_unique<Implementation>(index, role, options, memory, pricer, clock, observer,
                                                       std::move(outlets))) {}
Replica::~Replica() = default;

void Replica::submit(Ticket ticket) { implementation_->submit(std::move(ticket)); }
void Replica::release(std::uint64_t request) { implementation_->release(request); }
bool Replica::reserve(const Ticket& ticket) { return implementation_->reserve(ticket); }
bool Replica::holdable(const Request& request) const { return implementation_->holdable(request); }
std::vector<Ticket> Replica::fail() { return implementation_->fail(); }

void Replica::drain(std::function<void()> done) {
  implementation_->draining = true;
  implementation_->drained = std::move(done);
  if (!implementation_->busy) implementation_->check_drained();
}

void Replica::use_tiers(LowerTiers& tiers) {
  implementation_->tiers = &tiers;
  for (AttentionGroup& group : implementation_->groups) group.cache.use_tiers(&tiers);
}

void Replica::use_channels(SharedChannels& channels) { implementation_->channels = &channels; }
void Replica::use_swap_space(SwapSpace& space) { implementation_->swaps = &space; }
void Replica::channels_changed() { implementation_->channels_changed(); }
void Replica::use_adapters(AdapterSource& source) { implementation_->adapter_source = &source; }
bool Replica::has_adapter(std::uint32_t adapter) const {
  return implementation_->adapters.has(adapter) || implementation_->queued_adapters.contains(adapter);
}
bool Replica::adapter_fits(const Request& request) const { return implementation_->adapter_fits(request); }

std::uint32_t Replica::index() const { return implementation_->number; }

int Replica::running() const {
  int sum = implementation_->running;
  for (const AttentionGroup& group : implementation_->groups) sum += group.reserved;
  return sum;
}

int Replica::waiting() const {
  return static_cast<int>(implementation_->waiting.size() + implementation_->passed_over.size() +
                          implementation_->incoming.size());
}

double Replica::waiting_tokens() const { return static_cast<double>(implementation_->waiting_tokens); }

double Replica::cache_use() const {
  double used = 0;
  for (const AttentionGroup& group : implementation_->groups) used += static_cast<double>(group.cache.used());
  const double total =
      static_cast<double>(implementation_->shape.total) * static_cast<double>(implementation_->groups.size());
  return total > 0 ? used / total : 1;
}

int Replica::cached_prefix(const Prompt& prompt) const {
  if (!implementation_->options.prefix_caching || prompt.blocks.empty()) return 0;
  name_pieces(prompt, implementation_->options.block_tokens, implementation_->scratch);
  std::int64_t blocks = 0;
  for (const AttentionGroup& group : implementation_->groups) {
    blocks = std::max(blocks, group.cache.match(implementation_->scratch).blocks);
  }
  return static_cast<int>(std::min<std::int64_t>(prompt.tokens, blocks * implementation_->options.block_tokens));
}

PrefixPlaces Replica::prefix_places(const Prompt& prompt) const {
  PrefixPlaces places{};
  if (!implementation_->options.prefix_caching || prompt.blocks.empty()) return places;
  std::int64_t begin = cached_prefix(prompt), end = 0;
  places[0] = static_cast<double>(begin);
  if (implementation_->tiers == nullptr) return places;
  for (const PrefixPiece& piece : implementation_->scratch) {  // as cached_prefix() has named them
    end =
        std::min<std::int64_t>(prompt.tokens, end + std::int64_t{piece.blocks} * implementation_->options.block_tokens);
    if (end <= begin) continue;
    const std::optional<topology::DataPlace> place = implementation_->tiers->place_of(piece);
    if (!place) break;
    places.at(static_cast<std::size_t>(*place)) += static_cast<double>(end - begin);
    begin = end;
  }
  return places;
}

void Replica::check() const {
  ensure(implementation_->queued_adapters.sequences() <= waiting(), "whose adapter is queued waits");
  implementation_->adapters.check();
  for (const AttentionGroup& group : implementation_->groups) {
    group.cache.check();
    ensure(group.running <= implementation_->options.max_sequences, "no more sequences run than may");
    ensure(group.committed <= group.cache.available(), "what iterations under way will take is there");
  }
}

}  // namespace aifsim::serving
