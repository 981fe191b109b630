#include "serving/service.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "serving/adapter_engines.hpp"
#include "serving/kv_tier_engines.hpp"
#include "serving/service_state.hpp"
#include "topology/node_of.hpp"

namespace aifsim::serving {
namespace {

TransferCost transfer_cost(const Deployment& deployment) {
  const ServingJob& job = *deployment.job;
  const DeviceId gpu = deployment.engines.front().gpus.front();
  TransferCost cost = measured_transfer(topology::node_of(gpu, *deployment.platform, deployment.topology->fabric));
  if (job.transfer_efficiency) {
    cost.nvlink = cost.network = *job.transfer_efficiency;
    cost.nvlink_limit = {};
  }
  if (job.transfer_setup) cost.nvlink_setup = cost.network_setup = *job.transfer_setup;
  return cost;
}

}  // namespace

Service::Implementation::Implementation(const Deployment& engines, RequestSource& requests, task::Executor& executor,
                                        ServingObserver& watcher)
    : deployment(engines),
      job(*engines.job),
      source(requests),
      clock(executor),
      observer(watcher),
      transfers(*engines.topology, executor, transfer_cost(engines)),
      router(router_policies()[engines.job->router.policy].make(engines.job->router)),
      fleet(engines, executor, fleet_outlets()) {
  if (job.kv_tiers.used()) {
    tiers = std::make_unique<KvTiers>(job.kv_tiers, kv_tier_engines(deployment), *deployment.topology, clock);
    tiers->watch([this](topology::DataPlace place, double share) { observer.tier_changed(place, share, clock.now()); });
  }
  if (job.serves_adapters()) {
    adapters = std::make_unique<AdapterStore>(adapter_engines(deployment), *deployment.topology, clock);
  }
  const auto swaps_out = [](const Pool& pool) { return pool.engine.preemption == Preemption::swap; };
  if (std::ranges::any_of(job.pools, swaps_out)) swaps = std::make_unique<KvSwaps>(deployment, clock);
  share_channels();
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

void Service::Implementation::share_channels() {
  const bool moves =
      job.disaggregated() || tiers != nullptr || adapters != nullptr || swaps != nullptr || job.starts_replicas();
  const auto exchanges = [](const Deployment::Engine& engine) { return engine.gpus.size() > 1; };
  if (!moves || !clock.contends() || std::ranges::none_of(deployment.engines, exchanges)) return;
  const topology::Topology& topology = *deployment.topology;
  sharing = std::make_unique<ChannelSharing>(topology.fabric, clock, [this](std::uint32_t index) {
    if (replicas[index]) replicas[index]->channels_changed();
  });
  for (const Deployment::Engine& engine : deployment.engines) {
    sharing->add_engine(*engine.cost, exchange_channels(engine.pool->engine.plan, engine.gpus, topology));
  }
  transfers.watch(*sharing);
  if (tiers) tiers->watch(*sharing);
  if (adapters) adapters->watch(*sharing);
  if (swaps) swaps->watch(*sharing);
  fleet.watch(*sharing);
}

// Arrivals

void Service::Implementation::arm() {
  const std::optional<Seconds> next = source.next_arrival();
  if (!next || *next >= armed) return;
  armed = std::max(*next, clock.now());
  clock.at(armed, [this, when = armed] {
    if (when == armed) armed = Seconds::from_base(std::numeric_limits<double>::infinity());
    take_arrivals();
  });
}

void Service::Implementation::take_arrivals() {
  for (std::optional<Seconds> next = source.next_arrival(); next && *next <= clock.now();
       next = source.next_arrival()) {
    arrive(source.take());
  }
  arm();
}

void Service::Implementation::arrive(Request request) {
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
  ticket.record.adapter = request.prompt.adapter;
  ticket.record.images = request.prompt.images;
  ticket.record.image_tokens = request.prompt.image_tokens;
  ticket.record.block_tokens = request.prompt.blocks.empty() ? 0 : request.prompt.block_tokens;
  ticket.record.arrival = clock.now();
  ticket.request = std::move(request);
  for (Window& window : windows) {
    ++window.requests;
    window.input_tokens += ticket.record.input_tokens;
  }
  route(std::move(ticket));
}

int Service::Implementation::queued() const {
  int sum = static_cast<int>(backlog.size());
  for (const Replica* replica : pools.front()) sum += replica->waiting();
  return sum;
}

void Service::Implementation::route(Ticket ticket) {
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

void Service::Implementation::complete(Ticket ticket) {
  ticket.record.done = clock.now();
  observer.completed(ticket.record);
  for (Window& window : windows) count(ticket.record, window);
  end(ticket.request);
  place_awaiting();
}

void Service::Implementation::reject(const Request& request, RejectReason why) {
  observer.rejected(request.prompt, why, clock.now());
  end(request);
}

void Service::Implementation::end(const Request& request) {
  --in_flight;
  source.ended(request, clock.now());
  arm();
}

Service::Service(const Deployment& deployment, RequestSource& source, task::Executor& clock, ServingObserver& observer)
    : implementation_(std::make_unique<Implementation>(deployment, source, clock, observer)) {}
Service::~Service() = default;

void Service::start() {
  implementation_->fleet.start();
  implementation_->arm();
}
const Fleet& Service::fleet() const { return implementation_->fleet; }
const KvTransfers& Service::transfers() const { return implementation_->transfers; }
const ChannelSharing* Service::sharing() const { return implementation_->sharing.get(); }
const AdapterStore* Service::adapters() const { return implementation_->adapters.get(); }
const KvTierTraffic* Service::swaps() const {
  return implementation_->swaps ? &implementation_->swaps->traffic() : nullptr;
}
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
