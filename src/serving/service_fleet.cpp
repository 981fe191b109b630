#include "serving/service_fleet.hpp"

#include <algorithm>
#include <optional>

#include "serving/service.hpp"
#include "topology/node_of.hpp"

namespace aifsim::serving {

Fleet::Fleet(const Deployment& deployment, task::Executor& clock, Outlets outlets)
    : deployment_(deployment), clock_(clock), outlets_(std::move(outlets)), traffic_(deployment, clock) {
  const ServingJob& job = *deployment.job;
  std::size_t first = 0;
  for (std::size_t i = 0; i < job.pools.size(); ++i) {
    const Pool& pool = job.pools[i];
    const Deployment::Engine& engine = deployment.engines[first];
    for (int replica = 0; replica < pool.most(); ++replica) {
      slots_.push_back({.pool = i, .state = replica < pool.replicas ? State::serving : State::off});
    }
    first += static_cast<std::size_t>(pool.most());
    const hardware::NodeSpec& node =
        topology::node_of(engine.gpus.front(), *deployment.platform, deployment.topology->fabric);
    start_ups_.push_back(serving::start_up(pool.start_up, job.model, pool.engine, node));
    for (StartPhase& phase : start_ups_.back().phases) {
      const auto replica = static_cast<std::uint32_t>(first - static_cast<std::size_t>(pool.most()));
      if (traffic_.moves(replica, phase.kind)) phase.time = traffic_.alone(replica, phase.kind);
    }
    held_.emplace_back();
    profiles_.emplace_back();
    planners_.emplace_back();
    if (!pool.planner) continue;
    profiles_.back() = std::make_unique<PricedProfile>(pool.engine, *engine.cost, deployment.memories[i].cache_tokens);
    planners_.back() = planner_policies()[pool.planner->policy].make(*pool.planner, *profiles_.back());
  }
}

void Fleet::start() {
  for (std::size_t pool = 0; pool < planners_.size(); ++pool) {
    if (!planners_[pool]) continue;
    clock_.at(clock_.now() + deployment_.job->pools[pool].planner->interval, [this, pool] { tick(pool); });
  }
}

int Fleet::count(std::size_t pool, State state) const {
  return static_cast<int>(std::count_if(slots_.begin(), slots_.end(),
                                        [&](const Slot& slot) { return slot.pool == pool && slot.state == state; }));
}

Seconds Fleet::held(std::size_t pool, Seconds until) const {
  Seconds sum = held_[pool];
  for (const Slot& slot : slots_) {
    const bool holds = slot.state != State::off && slot.state != State::lost;
    if (slot.pool == pool && holds) sum += std::max(Seconds{}, until - slot.since);
  }
  return sum;
}

void Fleet::change(std::uint32_t replica, State state, const char* what) {
  Slot& slot = slots_[replica];
  const auto holds = [](State of) { return of != State::off && of != State::lost; };
  if (holds(slot.state) && !holds(state)) held_[slot.pool] += clock_.now() - slot.since;
  if (!holds(slot.state) && holds(state)) slot.since = clock_.now();
  slot.state = state;
  ++slot.turns;
  events_.push_back({clock_.now(), slot.pool, what, replica, serving(slot.pool)});
}

void Fleet::begin(std::uint32_t replica) {
  change(replica, State::starting, "starts");
  const Slot& slot = slots_[replica];
  const StartUp& start = start_ups_[slot.pool];
  const bool moves =
      std::ranges::any_of(start.phases, [&](const StartPhase& phase) { return traffic_.moves(replica, phase.kind); });
  if (moves) return go_on(replica, slot.turns, 0);
  clock_.at(clock_.now() + start.total(),
            [this, replica, turn = slot.turns, end = start.phases.size()] { go_on(replica, turn, end); });
}

// What a start-up that was called off reads meanwhile goes on.
void Fleet::go_on(std::uint32_t replica, std::uint64_t turn, std::size_t phase) {
  if (slots_[replica].turns != turn) return;
  const std::vector<StartPhase>& phases = start_ups_[slots_[replica].pool].phases;
  if (phase == phases.size()) {
    change(replica, State::serving, "serves");
    return outlets_.ready(replica);
  }
  const auto next = [this, replica, turn, phase] { go_on(replica, turn, phase + 1); };
  if (traffic_.moves(replica, phases[phase].kind)) {
    traffic_.move(replica, phases[phase].kind, next);
  } else {
    clock_.at(clock_.now() + phases[phase].time, next);
  }
}

void Fleet::drained(std::uint32_t replica) {
  if (slots_[replica].state == State::draining) change(replica, State::off, "off");
}

void Fleet::lost(std::uint32_t replica, bool restart) {
  const bool ran = slots_[replica].state != State::off;
  change(replica, State::lost, "lost");
  if (!restart) return;
  if (ran) {
    begin(replica);
  } else {
    change(replica, State::off, "off");
  }
}

void Fleet::tick(std::size_t pool) {
  if (outlets_.over()) return;
  const PlannerOptions& options = *deployment_.job->pools[pool].planner;
  const PoolObservation seen = outlets_.observe(pool);
  const int wanted = std::clamp(planners_[pool]->wanted(seen), options.min, options.max);
  if (wanted > seen.total()) grow(pool, wanted - seen.total());
  if (wanted < seen.total()) shrink(pool, seen.total() - wanted);
  clock_.at(clock_.now() + options.interval, [this, pool] { tick(pool); });
}

void Fleet::grow(std::size_t pool, int by) {
  for (std::uint32_t replica = 0; replica < slots_.size() && by > 0; ++replica) {
    if (slots_[replica].pool != pool || slots_[replica].state != State::off) continue;
    begin(replica);
    --by;
  }
}

// Those that do not serve yet go first.
void Fleet::shrink(std::size_t pool, int by) {
  for (std::size_t i = slots_.size(); i-- > 0 && by > 0;) {
    if (slots_[i].pool != pool || slots_[i].state != State::starting) continue;
    change(static_cast<std::uint32_t>(i), State::off, "off");
    --by;
  }
  for (; by > 0 && serving(pool) > 1; --by) {
    std::optional<std::uint32_t> least;
    for (std::uint32_t replica = 0; replica < slots_.size(); ++replica) {
      if (slots_[replica].pool != pool || slots_[replica].state != State::serving) continue;
      if (!least || outlets_.load(replica) <= outlets_.load(*least)) least = replica;
    }
    change(*least, State::draining, "drains");
    outlets_.drain(*least);
  }
}

}  // namespace aifsim::serving
