// One running engine: waiting and running requests, its KV cache, its iterations.
//
// A replica lives on the executor's clock: it wakes itself when something about it changes (a sequence joins, leaves,
// runs out of blocks) and goes through the decode iterations in between in closed form.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "serving/adapter_source.hpp"
#include "serving/engine.hpp"
#include "serving/events.hpp"
#include "serving/iteration_cost.hpp"
#include "serving/kv_cache_tiers.hpp"
#include "serving/request.hpp"
#include "serving/shared_channels.hpp"
#include "serving/swap_space.hpp"
#include "task/executor.hpp"

namespace aifsim::serving {

// What a replica does with a request.
enum class Role {
  whole,    // prefill and decode
  prefill,  // prefill and the first token; then its KV cache goes to a decode replica
  decode,   // goes on from a transferred cache
};

// A request on its way between replicas.
struct Ticket {
  Request request;
  RequestRecord record;
};

using PrefixPlaces = std::array<double, topology::data_place_names.size()>;

// What happens outside the replica. Called at the time it happens.
struct ReplicaOutlets {
  std::function<void(Ticket)> completed;
  std::function<void(Ticket, RejectReason)> rejected;
  // Role::prefill: the prompt is done and the first token out; its blocks are held until release().
  std::function<void(Ticket)> prefilled;
};

// Watchers hear of iterations and states from it; arrivals, completions and rejections are its owner's to tell. A
// request whose prompt and output are longer than max_model_tokens or the whole cache is rejected as too long. A prompt
// of no tokens counts as one. An answer of no tokens ends when the prompt is done. A replica must outlive the clock's
// run.
class Replica {
 public:
  Replica(std::uint32_t index, Role role, const EngineOptions& options, const EngineMemory& memory,
          const IterationPricer& pricer, task::Executor& clock, ServingObserver& observer, ReplicaOutlets outlets);
  ~Replica();

  void submit(Ticket ticket);  // now; Role::decode: its cache has arrived where reserve() has set it aside
  // Role::prefill: the transfer is over, its blocks are free. Role::decode: the transfer will not come, the same.
  void release(std::uint64_t request);
  // Role::decode: blocks for a cache of this size are set aside and will be; the transfer may begin.
  [[nodiscard]] bool reserve(const Ticket& ticket);
  // Now: what it was working on and had queued comes back, as if it had just arrived, and its cache is empty. Requests
  // that it has handed on (prefilled) or that have not reached it (reserved) are with whoever moves them.
  [[nodiscard]] std::vector<Ticket> fail();
  void drain(std::function<void()> done);  // takes nothing new; calls back when empty
  // Could this request be served here, were nobody else here?
  [[nodiscard]] bool holdable(const Request& request) const;
  // Where blocks go that have no room in HBM, and come back from. Must outlive the replica.
  void use_tiers(LowerTiers& tiers);
  // Whom its exchanges share channels with. Must outlive the replica.
  void use_channels(SharedChannels& channels);
  void use_swap_space(SwapSpace& space);  // must outlive the replica
  void channels_changed();                // what iterations under way take has to be asked anew
  // Where adapters come from. Must outlive the replica.
  void use_adapters(AdapterSource& source);

  // What a router may know.
  [[nodiscard]] std::uint32_t index() const;
  [[nodiscard]] int running() const;
  [[nodiscard]] int waiting() const;
  [[nodiscard]] double waiting_tokens() const;                  // prompt tokens not yet prefilled
  [[nodiscard]] double cache_use() const;                       // 0..1
  [[nodiscard]] int cached_prefix(const Prompt& prompt) const;  // tokens of this prompt that its prefix cache holds now
  [[nodiscard]] bool has_adapter(std::uint32_t adapter) const;  // in HBM, or asked for
  // Role::decode: has it a slot for this request's adapter?
  [[nodiscard]] bool adapter_fits(const Request& request) const;
  // Leading tokens of this prompt that it need not compute, by topology::DataPlace: each where it is the nearest to a
  // GPU. Those below HBM follow those in it.
  [[nodiscard]] PrefixPlaces prefix_places(const Prompt& prompt) const;
  void check() const;  // the laws of its books: InternalError when one is broken

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace aifsim::serving
