// The inside of a service. Its functions are in service.cpp (what it is made of, arrivals and ends),
// service_transfer.cpp (caches on their way from prefill to decode) and service_replicas.cpp (replicas that come and
// go).
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "serving/channel_sharing.hpp"
#include "serving/kv_swaps.hpp"
#include "serving/router.hpp"
#include "serving/service.hpp"

namespace aifsim::serving {

struct Service::Implementation {
  Implementation(const Deployment& engines, RequestSource& requests, task::Executor& executor,
                 ServingObserver& watcher);

  const Deployment& deployment;
  const ServingJob& job;
  RequestSource& source;
  task::Executor& clock;
  ServingObserver& observer;
  KvTransfers transfers;
  std::unique_ptr<KvTiers> tiers;
  std::unique_ptr<AdapterStore> adapters;
  std::unique_ptr<KvSwaps> swaps;                  // null: nobody swaps
  std::unique_ptr<ChannelSharing> sharing;         // null: nothing that moves can slow an exchange
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
    Seconds asked;                       // when the prompt was done
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

  void share_channels();
  [[nodiscard]] Fleet::Outlets fleet_outlets();
  void add_replica(std::uint32_t index);
  [[nodiscard]] std::size_t pool_of(std::uint32_t replica) const;

  // Arrivals
  void arm();
  void take_arrivals();
  void arrive(Request request);
  [[nodiscard]] int queued() const;
  void route(Ticket ticket);

  // Ends
  void complete(Ticket ticket);
  void reject(const Request& request, RejectReason why);
  void end(const Request& request);

  // From prefill to decode
  void hand_over(Ticket ticket, std::uint32_t from);
  void place_awaiting();
  [[nodiscard]] Replica* with_room(const Ticket& ticket);
  void begin(Transfer transfer);
  [[nodiscard]] KvTransfers::Route route_of(const Transfer& transfer) const;
  void received(std::uint64_t id, std::uint64_t attempt);
  void give_up_awaiting();

  // Replicas that come and go
  void stop_giving(std::uint32_t index);
  void ready(std::uint32_t index);
  void drain(std::uint32_t index);
  static void count(const RequestRecord& record, Window& window);
  [[nodiscard]] PoolObservation observe(std::size_t pool);

  // Failures
  void lose(const ReplicaFailure& failure);
};

}  // namespace aifsim::serving
