// Replicas that come, go and are lost, and what their planners see.
#include <algorithm>
#include <iterator>
#include <utility>

#include "serving/routers/load.hpp"
#include "serving/service_state.hpp"

namespace aifsim::serving {

Fleet::Outlets Service::Implementation::fleet_outlets() {
  return {.ready = [this](std::uint32_t index) { ready(index); },
          .drain = [this](std::uint32_t index) { drain(index); },
          .observe = [this](std::size_t pool) { return observe(pool); },
          .load = [this](std::uint32_t index) { return load_of(*replicas[index]); },
          .over = [this] { return in_flight == 0 && !source.next_arrival(); }};
}

std::size_t Service::Implementation::pool_of(std::uint32_t replica) const {
  return static_cast<std::size_t>(deployment.engines[replica].pool - job.pools.data());
}

void Service::Implementation::add_replica(std::uint32_t index) {
  const Deployment::Engine& engine = deployment.engines[index];
  const std::size_t pool = pool_of(index);
  ReplicaOutlets outlets{.completed = [this](Ticket ticket) { complete(std::move(ticket)); },
                         .rejected = [this](Ticket ticket, RejectReason why) { reject(ticket.request, why); },
                         .prefilled = [this, index](Ticket ticket) { hand_over(std::move(ticket), index); }};
  if (replicas[index]) retired.push_back(std::move(replicas[index]));
  replicas[index] = std::make_unique<Replica>(index, engine.pool->role, engine.pool->engine, deployment.memories[pool],
                                              *engine.cost, clock, observer, std::move(outlets));
  if (tiers && engine.pool->role != Role::decode) replicas[index]->use_tiers(tiers->of(index));
  if (adapters) {
    adapters->forget(index);
    replicas[index]->use_adapters(*adapters);
  }
  if (sharing) replicas[index]->use_channels(*sharing);
  if (swaps && swaps->serves(index)) replicas[index]->use_swap_space(*swaps);
  std::vector<const Replica*>& taking = pools[pool];
  const auto place =
      std::find_if(taking.begin(), taking.end(), [&](const Replica* other) { return other->index() > index; });
  taking.insert(place, replicas[index].get());
}

void Service::Implementation::stop_giving(std::uint32_t index) {
  std::erase_if(pools[pool_of(index)], [index](const Replica* replica) { return replica->index() == index; });
}

void Service::Implementation::ready(std::uint32_t index) {
  add_replica(index);
  if (pool_of(index) == 0) {
    std::deque<Ticket> held;
    held.swap(backlog);
    for (Ticket& ticket : held) route(std::move(ticket));
  }
  place_awaiting();
}

void Service::Implementation::drain(std::uint32_t index) {
  stop_giving(index);
  replicas[index]->drain([this, index] { fleet.drained(index); });
}

void Service::Implementation::count(const RequestRecord& record, Window& window) {
  ++window.answered;
  window.output_tokens += record.output_tokens;
  window.prompts += record.input_tokens;
  if (record.output_tokens < 2) return;
  window.later_tokens += record.output_tokens - 1;
  window.decoding += record.done - record.first_token;
}

PoolObservation Service::Implementation::observe(std::size_t pool) {
  const Window window = std::exchange(windows[pool], {});
  PoolObservation seen{.role = job.pools[pool].role,
                       .serving = fleet.serving(pool),
                       .starting = fleet.starting(pool),
                       .interval = job.pools[pool].planner->interval,
                       .requests = window.requests,
                       .input_tokens = window.input_tokens};
  if (window.answered > 0) {
    seen.output_tokens = window.output_tokens / window.answered;
    seen.context = window.prompts / window.answered + seen.output_tokens / 2;
  } else if (window.requests > 0) {
    seen.context = window.input_tokens / window.requests;
  }
  if (window.later_tokens > 0) seen.tpot = window.decoding / window.later_tokens;
  for (const Replica* replica : pools[pool]) {
    seen.waiting += replica->waiting();
    seen.waiting_tokens += replica->waiting_tokens();
    seen.cache_use += replica->cache_use() / static_cast<double>(pools[pool].size());
  }
  if (seen.role == Role::decode) seen.waiting += static_cast<double>(awaiting.size());
  return seen;
}

void Service::Implementation::lose(const ReplicaFailure& failure) {
  const std::uint32_t index = failure.replica;
  stop_giving(index);
  fleet.lost(index, failure.restart);
  if (adapters) adapters->forget(index);
  std::vector<Ticket> again = replicas[index] ? replicas[index]->fail() : std::vector<Ticket>{};
  for (auto entry = moving.begin(); entry != moving.end();) {
    if (entry->second.from == index) {
      replicas[entry->second.to]->release(entry->first);
      again.push_back(std::move(entry->second.ticket));
      entry = moving.erase(entry);
    } else if (entry->second.to == index) {
      awaiting.push_back(std::move(entry->second));
      entry = moving.erase(entry);
    } else {
      ++entry;
    }
  }
  for (Transfer& transfer : awaiting) {
    if (transfer.from == index) again.push_back(std::move(transfer.ticket));
  }
  std::erase_if(awaiting, [index](const Transfer& transfer) { return transfer.from == index; });
  std::move(backlog.begin(), backlog.end(), std::back_inserter(again));
  backlog.clear();
  std::sort(again.begin(), again.end(), [](const Ticket& a, const Ticket& b) { return a.record.id < b.record.id; });
  for (Ticket& ticket : again) route(std::move(ticket));
  place_awaiting();
}

}  // namespace aifsim::serving
