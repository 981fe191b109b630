#include "serving/service.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "serving/adapter_engines.hpp"
#include "serving/kv_tier_engines.hpp"
#include "serving/routers/load.hpp"

namespace aifsim::serving {

struct Service::Implementation {
  const Deployment& deployment;
  const ServingJob& job;
  RequestSource& source;
  task::Executor& clock;
  ServingObserver& observer;
  KvTransfers transfers;
  std::unique_ptr<KvTiers> tiers;
  std::unique_ptr<AdapterStore> adapters;
  std::vector<std::unique_ptr<Replica>> replicas;  // null: has not started yet
  std::vector<std::unique_ptr<Replica>> retired;   // their timers may still be on the clock
  std::vector<std::vector<const Replica*>> pools;  // of each pool, those that take requests
  std::unique_ptr<Router> router;
  Seconds armed = Seconds::from_base(std::numeric_limits<double>::infinity());  // the next wake-up for an arrival
  std::uint64_t in_flight = 0;

  // A cache on its way from `from` to `to`.
  struct Transfer {
    Ticket ticket;
    std::uint32_t from = 0, to = 0;
    Seconds asked;  // when the prompt was done
    std::optional<Seconds> passed_over;  // since when, for want of a slot for its adapter
    std::uint64_t attempt = 0;
  };
  std::map<std::uint64_t, Transfer> moving;  // by request
  std::deque<Transfer> awaiting;             // prompts done for which no decode replica has room
  std::uint64_t attempts = 0;
  std::deque<Ticket> backlog;  // requests that wait for a replica to start, where none serves

  // What happened since a pool's planner last asked.
  struct Window {
    double requests = 0, input_tokens = 0, answered = 0, output_tokens = 0, prompts = 0;
    double later_tokens = 0;
    Seconds decoding;
  };
  std::vector<Window> windows;  // of each pool; empty where nobody plans
  Fleet fleet;

  Implementation(const Deployment& engines, RequestSource& requests, task::Executor& executor, ServingObserver& watcher)
      : deployment(engines),
        job(*engines.job),
        source(requests),
        clock(executor),
        observer(watcher),
        transfers(*engines.topology, executor, engines.job->transfer_efficiency, engines.job->transfer_setup),
        router(router_policies()[engines.job->router.policy].make(engines.job->router)),
        fleet(engines, executor, fleet_outlets()) {
    if (job.kv_tiers.used()) {
      tiers = std::make_unique<KvTiers>(job.kv_tiers, kv_tier_engines(deployment), *deployment.topology, clock);
      tiers->watch([this](topology::DataPlace place, double share) { observer.tier_changed(place, share, clock.now()); });
    }
    if (job.serves_adapters()) {
      adapters = std::make_unique<AdapterStore>(adapter_engines(deployment), *deployment.topology, clock);
    }
    for (std::size_t i = 0; i < job.pools.size(); ++i) pools.emplace_back();
    replicas.resize(deployment.engines.size());
    for (std::uint32_t i = 0; i < replicas.size(); ++i) {
      if (fleet.serves(i)) add_replica(i);
    }
    for (const Pool& pool : job.pools) {
      if (pool.planner) windows.resize(job.pools.size());
    }
    for (const ReplicaFailure& failure : job.failures) {
      clock.at(failure.at, [this, failure] { lose(failure); });
    }
  }

  [[nodiscard]] Fleet::Outlets fleet_outlets() {
    return {.ready = [this](std::uint32_t index) { ready(index); },
            .drain = [this](std::uint32_t index) { drain(index); },
            .observe = [this](std::size_t pool) { return observe(pool); },
            .load = [this](std::uint32_t index) { return load_of(*replicas[index]); },
            .over = [this] { return in_flight == 0 && !source.next_arrival(); }};
  }

  [[nodiscard]] std::size_t pool_of(std::uint32_t replica) const {
    return static_cast<std::size_t>(deployment.engines[replica].pool - job.pools.data());
  }

  void add_replica(std::uint32_t index) {
    const Deployment::Engine& engine = deployment.engines[index];
    const std::size_t pool = pool_of(index);
    ReplicaOutlets outlets{.completed = [this](Ticket ticket) { complete(std::move(ticket)); },
                           .rejected = [this](Ticket ticket, RejectReason why) { reject(ticket.request, why); },
                           .prefilled = [this, index](Ticket ticket) { hand_over(std::move(ticket), index); }};
    if (replicas[index]) retired.push_back(std::move(replicas[index]));
    replicas[index] = std::make_unique<Replica>(index, engine.pool->role, engine.pool->engine,
                                                deployment.memories[pool], *engine.cost, clock, observer,
                                                std::move(outlets));
    if (tiers && engine.pool->role != Role::decode) replicas[index]->use_tiers(tiers->of(index));
    if (adapters) {
      adapters->forget(index);
      replicas[index]->use_adapters(*adapters);
    }
    std::vector<const Replica*>& taking = pools[pool];
    const auto place = std::find_if(taking.begin(), taking.end(), [&](const Replica* other) { return other->index() > index; });
    taking.insert(place, replicas[index].get());
  }

  // Arrivals

  void arm() {
    const std::optional<Seconds> next = source.next_arrival();
    if (!next || *next >= armed) return;
    armed = std::max(*next, clock.now());
    clock.at(armed, [this, when = armed] {
      if (when == armed) armed = Seconds::from_base(std::numeric_limits<double>::infinity());
      take_arrivals();
    });
  }
  void take_arrivals() {
    for (std::optional<Seconds> next = source.next_arrival(); next && *next <= clock.now();
         next = source.next_arrival()) {
      arrive(source.take());
    }
    arm();
  }
  void arrive(Request request) {
    ++in_flight;
    observer.arrived(request.prompt, clock.now());
    if (job.queue_limit > 0 && queued() >= job.queue_limit) return reject(request, RejectReason::queue_full);
    // A prefill replica refuses what it cannot hold itself; nobody would ask the decode replicas.
    const auto holds = [&](const Replica* replica) { return replica->holdable(request); };
    if (job.disaggregated() && !pools.back().empty() && std::none_of(pools.back().begin(), pools.back().end(), holds)) {
      return reject(request, RejectReason::too_long);
    }
    Ticket ticket;
    ticket.record.id = request.prompt.id;
    ticket.record.input_tokens = request.prompt.tokens;
    ticket.record.block_tokens = request.prompt.blocks.empty() ? 0 : request.prompt.block_tokens;
    ticket.record.adapter = request.prompt.adapter;
    ticket.record.arrival = clock.now();
    ticket.request = std::move(request);
    for (Window& window : windows) {
      ++window.requests;
      window.input_tokens += ticket.record.input_tokens;
    }
    route(std::move(ticket));
  }
  [[nodiscard]] int queued() const {
    int sum = static_cast<int>(backlog.size());
    for (const Replica* replica : pools.front()) sum += replica->waiting();
    return sum;
  }
  void route(Ticket ticket) {
    if (pools.front().empty()) {
      if (fleet.starting(0) == 0) return reject(ticket.request, RejectReason::replica_lost);
      backlog.push_back(std::move(ticket));
      return;
    }
    const std::size_t chosen = router->choose(ticket.request.prompt, pools.front());
    const Prompt& prompt = ticket.request.prompt;
    Replica& replica = *replicas[pools.front()[chosen]->index()];
    if (tiers) tiers->queued(replica.index(), prompt, job.kv_tiers.prefetch ? replica.cached_prefix(prompt) : 0);
    replica.submit(std::move(ticket));
  }

  // Ends

  void complete(Ticket ticket) {
    ticket.record.done = clock.now();
    observer.completed(ticket.record);
    for (Window& window : windows) count(ticket.record, window);
    end(ticket.request);
    place_awaiting();
  }
  void reject(const Request& request, RejectReason why) {
    observer.rejected(request.prompt, why, clock.now());
    end(request);
  }
  void end(const Request& request) {
    --in_flight;
    source.ended(request, clock.now());
    arm();
  }

  // From prefill to decode

  void hand_over(Ticket ticket, std::uint32_t from) {
    if (ticket.request.output_tokens <= 1) {
      replicas[from]->release(ticket.request.prompt.id);
      return complete(std::move(ticket));
    }
    ticket.record.decode_slot_wait = {};
    awaiting.push_back({.ticket = std::move(ticket), .from = from, .to = 0, .asked = clock.now()});
    place_awaiting();
  }
  void place_awaiting() {
    if (pools.back().empty() && fleet.starting(job.pools.size() - 1) == 0) return give_up_awaiting();
    for (std::size_t next = 0; next < awaiting.size();) {
      const Ticket& ticket = awaiting[next].ticket;
      // Who has no slot for its adapter anywhere is passed over.
      const auto fits = [&](const Replica* replica) { return replica->adapter_fits(ticket.request); };
      if (std::none_of(pools.back().begin(), pools.back().end(), fits)) {
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
  [[nodiscard]] Replica* with_room(const Ticket& ticket) {
    std::vector<const Replica*> candidates = pools.back();
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Replica* a, const Replica* b) { return a->running() < b->running(); });
    for (const Replica* candidate : candidates) {
      Replica* replica = replicas[candidate->index()].get();
      if (replica->reserve(ticket)) return replica;
    }
    return nullptr;
  }
  void begin(Transfer transfer) {
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
  [[nodiscard]] KvTransfers::Route route_of(const Transfer& transfer) const {
    const double tokens = transfer.ticket.request.prompt.tokens;
    const auto end = [&](std::uint32_t replica, std::vector<DeviceId>& gpus) {
      const Deployment::Engine& engine = deployment.engines[replica];
      const model::InferencePlan& plan = engine.pool->engine.plan;
      const auto group = static_cast<std::size_t>(transfer.ticket.request.prompt.id % static_cast<std::uint64_t>(plan.dp));
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
  void received(std::uint64_t id, std::uint64_t attempt) {
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

  // Replicas that come and go

  void stop_giving(std::uint32_t index) {
    std::erase_if(pools[pool_of(index)], [index](const Replica* replica) { return replica->index() == index; });
  }
  void ready(std::uint32_t index) {
    add_replica(index);
    if (pool_of(index) == 0) {
      std::deque<Ticket> held;
      held.swap(backlog);
      for (Ticket& ticket : held) route(std::move(ticket));
    }
    place_awaiting();
  }
  void drain(std::uint32_t index) {
    stop_giving(index);
    replicas[index]->drain([this, index] { fleet.drained(index); });
  }
  static void count(const RequestRecord& record, Window& window) {
    ++window.answered;
    window.output_tokens += record.output_tokens;
    window.prompts += record.input_tokens;
    if (record.output_tokens < 2) return;
    window.later_tokens += record.output_tokens - 1;
    window.decoding += record.done - record.first_token;
  }
  [[nodiscard]] PoolObservation observe(std::size_t pool) {
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

  // Failures

  void lose(const ReplicaFailure& failure) {
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
  void give_up_awaiting() {
    std::deque<Transfer> lost;
    lost.swap(awaiting);
    for (const Transfer& transfer : lost) {
      replicas[transfer.from]->release(transfer.ticket.request.prompt.id);
      reject(transfer.ticket.request, RejectReason::replica_lost);
    }
  }
};

Service::Service(const Deployment& deployment, RequestSource& source, task::Executor& clock, ServingObserver& observer)
    : implementation_(std::make_unique<Implementation>(deployment, source, clock, observer)) {}
Service::~Service() = default;

void Service::start() {
  implementation_->fleet.start();
  implementation_->arm();
}
const Fleet& Service::fleet() const { return implementation_->fleet; }
const KvTransfers& Service::transfers() const { return implementation_->transfers; }
const AdapterStore* Service::adapters() const { return implementation_->adapters.get(); }
const KvTiers* Service::tiers() const { return implementation_->tiers.get(); }
std::uint64_t Service::in_flight() const { return implementation_->in_flight; }

std::string_view name_of(RejectReason reason) {
  switch (reason) {
    case RejectReason::too_long: return "longer than the engine allows";
    case RejectReason::queue_full: return "queue full";
    case RejectReason::replica_lost: return "no replica left";
  }
  throw InternalError("a reason to reject without a name");
}

}  // namespace aifsim::serving
