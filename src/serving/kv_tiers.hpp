// The tiers below HBM: who holds which piece, what is fetched, written, prefetched and evicted.
//
// A fetched piece stays where it was (tiers are inclusive of what is above them as far as their own eviction lets
// them). All but HBM's own copies pass through the memory of the host, so what comes from below leaves a copy in the
// host tier if there is one. A piece is in a tier from the moment its last byte is there; its room is taken then, too.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "serving/kv_cache_tiers.hpp"
#include "serving/kv_store.hpp"
#include "serving/kv_tier_plan.hpp"
#include "serving/kv_tier_traffic.hpp"

namespace aifsim::serving {

// One engine, as the tiers know it.
struct KvTierEngine {
  std::vector<std::vector<DeviceId>> groups;  // GPUs of each attention group
  Bytes block;                                // one block of the whole cache, each key and value once
  Bytes block_on_gpu;                         // what one GPU holds of it
  int block_tokens = 16;
  Seconds recompute_per_token;  // prefill at the engine's full budget
};

class KvTiers {
 public:
  // The topology has storage (topology::add_storage). All must outlive the tiers.
  KvTiers(const KvTierPlan& plan, std::vector<KvTierEngine> engines, const topology::Topology& topology,
          task::Executor& clock);
  ~KvTiers();

  // Called when what a tier holds has changed: all its stores together, of their capacity.
  void watch(std::function<void(topology::DataPlace, double)> watcher) { watcher_ = std::move(watcher); }
  void watch(FlightWatcher& watcher) { traffic_.watch(watcher); }  // what moves
  // What this replica sees.
  [[nodiscard]] LowerTiers& of(std::uint32_t replica);
  // A request waits there; the leading `cached` tokens of its prompt are in HBM.
  void queued(std::uint32_t replica, const Prompt& prompt, int cached);

  struct Figures {
    topology::DataPlace place{};
    Bytes capacity;     // of all stores
    Bytes held, most;   // now; at most at any time
    double tokens = 0;  // fetched into HBM
    Bytes read, written;
    Bytes dropped;  // not written, for the staging memory was full
  };
  [[nodiscard]] const std::vector<Figures>& figures() const { return figures_; }
  [[nodiscard]] double prompt_tokens() const { return prompt_tokens_; }  // of all requests queued, in whole blocks
  // Core-seconds that hosts and DPUs spent on shared storage.
  [[nodiscard]] Seconds host_core_time() const { return host_core_time_; }
  [[nodiscard]] Seconds dpu_core_time() const { return dpu_core_time_; }
  [[nodiscard]] const KvTierTraffic& traffic() const { return traffic_; }
  void check() const;  // the laws of its books

 private:
  using Entry = KvStore::Entry;
  struct Home;    // one store
  struct Stream;  // one engine's writes from one place to one tier
  struct Fetch;
  struct Prefetch;
  class View;

  [[nodiscard]] Home& home(std::uint32_t replica, std::size_t tier) const { return *homes_[replica][tier]; }
  void add_homes(std::uint32_t replica);
  [[nodiscard]] const KvWay& way(std::uint32_t replica, std::size_t group, KvWayEnds ends);
  [[nodiscard]] double efficiency(KvWayEnds ends) const;
  [[nodiscard]] std::shared_ptr<Prefetch> arriving(std::uint32_t replica, const PrefixPiece& piece) const;
  [[nodiscard]] Bytes bytes_of(std::uint32_t replica, const PrefixPiece& piece) const;
  // The fastest tier that has the piece (the host tier also when it is on its way there); tiers() when none has.
  [[nodiscard]] std::size_t tier_of(std::uint32_t replica, const PrefixPiece& piece) const;
  [[nodiscard]] std::size_t tiers() const { return plan_.tiers.size(); }
  [[nodiscard]] topology::DataPlace place(std::size_t tier) const { return plan_.tiers[tier].place; }

  // How many pieces, from the first on, are there and worth fetching.
  std::size_t find(std::uint32_t replica, std::span<const PrefixPiece> pieces);
  void fetch(std::uint32_t replica, std::span<const PrefixPiece> pieces, std::function<void()> done);
  void fetch_from(std::uint32_t replica, std::size_t tier, const std::vector<Entry>& entries,
                  const std::shared_ptr<Fetch>& fetch);
  void prefetch(std::uint32_t replica, std::size_t tier, std::vector<Entry> entries);
  void stored(std::uint32_t replica, const PrefixPiece& piece);
  void evicted(std::uint32_t replica, const PrefixPiece& piece);
  void write(std::uint32_t replica, KvWayEnds ends, std::size_t tier, const Entry& entry);
  void flush(Stream& stream);
  void write_on(std::uint32_t replica, std::size_t tier, std::span<const Entry> entries);
  void keep(std::uint32_t replica, std::size_t tier, std::span<const Entry> entries);
  void count(std::uint32_t replica, KvWayEnds ends, Bytes bytes);

  KvTierPlan plan_;
  std::vector<KvTierEngine> engines_;
  const topology::Topology& topology_;
  task::Executor& clock_;
  KvTierTraffic traffic_;
  std::vector<std::unique_ptr<Home>> stores_;
  std::vector<std::vector<Home*>> homes_;  // by replica, tier
  std::vector<std::unique_ptr<View>> views_;
  std::map<std::array<std::uint64_t, 4>, KvWay> ways_;
  std::map<std::array<std::uint64_t, 3>, std::unique_ptr<Stream>> streams_;
  std::vector<std::vector<Seconds>> busy_until_;  // by replica, tier: when the fetches asked for would be over, alone
  std::vector<std::uint64_t> fetches_;            // by replica, so far
  std::vector<Figures> figures_;
  double prompt_tokens_ = 0;
  Seconds host_core_time_, dpu_core_time_;
  std::function<void(topology::DataPlace, double)> watcher_;
  std::vector<PrefixPiece> scratch_;
};

}  // namespace aifsim::serving
