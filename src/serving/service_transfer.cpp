// Caches on their way from prefill to decode replicas.
#include <algorithm>
#include <utility>

#include "serving/service_state.hpp"

namespace aifsim::serving {

void Service::Implementation::hand_over(Ticket ticket, std::uint32_t from) {
  if (ticket.request.output_tokens <= 1) {
    replicas[from]->release(ticket.request.prompt.id);
    return complete(std::move(ticket));
  }
  ticket.record.decode_slot_wait = {};
  awaiting.push_back({.ticket = std::move(ticket), .from = from, .to = 0, .asked = clock.now()});
  place_awaiting();
}

void Service::Implementation::place_awaiting() {
  if (pools.back().empty() && fleet.starting(job.pools.size() - 1) == 0) return give_up_awaiting();
  for (std::size_t next = 0; next < awaiting.size();) {
    const Ticket& ticket = awaiting[next].ticket;
    // Who has no slot for its adapter anywhere is passed over.
    const auto fits = [&](const Replica* replica) { return replica->adapter_fits(ticket.request); };
    if (std::ranges::none_of(pools.back(), fits)) {
      if (!awaiting[next].passed_over) awaiting[next].passed_over = clock.now();
      ++next;
      continue;
    }
    Replica* target = with_room(ticket);
    if (target == nullptr) return;
    Transfer transfer = std::move(awaiting[next]);
    awaiting.erase(awaiting.begin() + static_cast<std::ptrdiff_t>(next));
    transfer.to = target->index();
    begin(std::move(transfer));
  }
}

// The least loaded decode replica that can set the cache's blocks aside.
Replica* Service::Implementation::with_room(const Ticket& ticket) {
  std::vector<const Replica*> candidates = pools.back();
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Replica* a, const Replica* b) { return a->running() < b->running(); });
  for (const Replica* candidate : candidates) {
    Replica* replica = replicas[candidate->index()].get();
    if (replica->reserve(ticket)) return replica;
  }
  return nullptr;
}

void Service::Implementation::begin(Transfer transfer) {
  const std::uint64_t id = transfer.ticket.request.prompt.id;
  const KvTransfers::Route route = route_of(transfer);
  if (transfer.passed_over) {
    transfer.ticket.record.decode_slot_wait += clock.now() - *transfer.passed_over;
    transfer.passed_over.reset();
  }
  transfer.attempt = ++attempts;
  moving.insert_or_assign(id, std::move(transfer));
  transfers.send(route, [this, id, attempt = attempts] { received(id, attempt); });
}

KvTransfers::Route Service::Implementation::route_of(const Transfer& transfer) const {
  const double tokens = transfer.ticket.request.prompt.tokens;
  const auto end = [&](std::uint32_t replica, std::vector<DeviceId>& gpus) {
    const Deployment::Engine& engine = deployment.engines[replica];
    const model::InferencePlan& plan = engine.pool->engine.plan;
    const auto group =
        static_cast<std::size_t>(transfer.ticket.request.prompt.id % static_cast<std::uint64_t>(plan.dp));
    const auto tp = static_cast<std::size_t>(plan.tp);
    gpus.assign(engine.gpus.begin() + static_cast<std::ptrdiff_t>(group * tp),
                engine.gpus.begin() + static_cast<std::ptrdiff_t>((group + 1) * tp));
    return model::cache_bytes(model::cache_groups(job.model, plan), tokens);
  };
  KvTransfers::Route route;
  route.per_sender = end(transfer.from, route.from);
  route.per_receiver = end(transfer.to, route.to);
  return route;
}

void Service::Implementation::received(std::uint64_t id, std::uint64_t attempt) {
  const auto found = moving.find(id);
  // One of its ends was lost meanwhile, and it goes another way.
  if (found == moving.end() || found->second.attempt != attempt) return;
  Transfer transfer = std::move(found->second);
  moving.erase(found);
  replicas[transfer.from]->release(id);
  // The client sees the first token when the decode replica streams it.
  transfer.ticket.record.transfer = clock.now() - transfer.asked;
  transfer.ticket.record.first_token = clock.now();
  replicas[transfer.to]->submit(std::move(transfer.ticket));
}

void Service::Implementation::give_up_awaiting() {
  std::deque<Transfer> lost;
  lost.swap(awaiting);
  for (const Transfer& transfer : lost) {
    replicas[transfer.from]->release(transfer.ticket.request.prompt.id);
    reject(transfer.ticket.request, RejectReason::replica_lost);
  }
}

}  // namespace aifsim::serving
