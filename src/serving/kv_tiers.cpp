#include "serving/kv_tiers.hpp"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "serving/kv_tiers_state.hpp"

namespace aifsim::serving {

using topology::DataPlace;

// What one replica sees of the tiers.
class KvTiers::View final : public LowerTiers {
 public:
  View(KvTiers& tiers, std::uint32_t replica) : tiers_(tiers), replica_(replica) {}
  [[nodiscard]] std::size_t find(std::span<const PrefixPiece> pieces) const override {
    return tiers_.find(replica_, pieces);
  }
  [[nodiscard]] std::optional<DataPlace> place_of(const PrefixPiece& piece) const override {
    const std::size_t tier = tiers_.tier_of(replica_, piece);
    return tier < tiers_.tiers() ? std::optional(tiers_.place(tier)) : std::nullopt;
  }
  void fetch(std::uint32_t /*replica*/, std::span<const PrefixPiece> pieces, std::function<void()> done) override {
    tiers_.fetch(replica_, pieces, std::move(done));
  }
  void stored(std::uint32_t /*replica*/, const PrefixPiece& piece) override { tiers_.stored(replica_, piece); }
  void evicted(std::uint32_t /*replica*/, const PrefixPiece& piece) override { tiers_.evicted(replica_, piece); }

 private:
  KvTiers& tiers_;
  std::uint32_t replica_;
};

KvTiers::KvTiers(const KvTierPlan& plan, std::vector<KvTierEngine> engines, const topology::Topology& topology,
                 task::Executor& clock)
    : plan_(plan),
      engines_(std::move(engines)),
      topology_(topology),
      clock_(clock),
      traffic_(clock),
      homes_(engines_.size()),
      busy_until_(engines_.size(), std::vector<Seconds>(plan.tiers.size())),
      fetches_(engines_.size()) {
  ensure(topology.storage != nullptr, "tiers below HBM need devices in the fabric");
  for (const KvTierOptions& tier : plan_.tiers) figures_.push_back({.place = tier.place});
  for (std::uint32_t i = 0; i < engines_.size(); ++i) {
    views_.push_back(std::make_unique<View>(*this, i));
    if (!engines_[i].groups.empty()) add_homes(i);
  }
}
KvTiers::~KvTiers() = default;

LowerTiers& KvTiers::of(std::uint32_t replica) { return *views_[replica]; }

// The network tier is one for all; others are a node's (of all nodes that the replica is on, where it is larger than
// one) or the replica's own.
void KvTiers::add_homes(std::uint32_t replica) {
  std::set<std::uint32_t> nodes;
  for (const std::vector<DeviceId>& group : engines_[replica].groups) {
    for (const DeviceId gpu : group) nodes.insert(topology_.fabric.device(gpu).node);
  }
  for (std::size_t i = 0; i < tiers(); ++i) {
    const KvTierOptions& tier = plan_.tiers[i];
    const bool shared = tier.place == DataPlace::network;
    const std::uint64_t owner = shared ? 0 : tier.per_replica ? replica : *nodes.begin();
    const auto same = [&](const std::unique_ptr<Home>& home) { return home->tier == i && home->owner == owner; };
    auto found = std::ranges::find_if(stores_, same);
    if (found == stores_.end()) {
      const double parts = shared || tier.per_replica ? 1 : static_cast<double>(nodes.size());
      stores_.push_back(std::make_unique<Home>(KvStore(tier.capacity * parts, tier.eviction), i, owner));
      figures_[i].capacity += stores_.back()->store.capacity();
      found = std::prev(stores_.end());
    }
    homes_[replica].push_back(found->get());
  }
}

double KvTiers::efficiency(KvWayEnds ends) const {
  double least = 1;
  for (const KvTierOptions& tier : plan_.tiers) {
    if (tier.place == ends.from || tier.place == ends.to) least = std::min(least, tier.efficiency);
  }
  return least;
}

const KvWay& KvTiers::way(std::uint32_t replica, std::size_t group, KvWayEnds ends) {
  const std::array<std::uint64_t, 4> key{replica, group, static_cast<std::uint64_t>(ends.from),
                                         static_cast<std::uint64_t>(ends.to)};
  const auto known = ways_.find(key);
  if (known != ways_.end()) return known->second;
  const KvTierEngine& engine = engines_[replica];
  return ways_
      .emplace(key, kv_way(topology_, engine.groups[group], ends, engine.block_on_gpu / engine.block, efficiency(ends)))
      .first->second;
}

Bytes KvTiers::bytes_of(std::uint32_t replica, const PrefixPiece& piece) const {
  return engines_[replica].block * static_cast<double>(piece.blocks);
}

std::shared_ptr<KvTiers::Prefetch> KvTiers::arriving(std::uint32_t replica, const PrefixPiece& piece) const {
  const Home& first = home(replica, 0);
  if (first.arriving.empty()) return nullptr;
  auto found = first.arriving.find(piece.name);
  if (found == first.arriving.end() && piece.session_name != 0) found = first.arriving.find(piece.session_name);
  return found == first.arriving.end() ? nullptr : found->second;
}

std::size_t KvTiers::tier_of(std::uint32_t replica, const PrefixPiece& piece) const {
  for (std::size_t tier = 0; tier < tiers(); ++tier) {
    if (home(replica, tier).store.find(piece) != nullptr) return tier;
    if (tier == 0 && arriving(replica, piece)) return tier;
  }
  return tiers();
}

// A replica knows what it has asked for, not what others have. Tiers deliver side by side; the longest takes as long as
// all.
std::size_t KvTiers::find(std::uint32_t replica, std::span<const PrefixPiece> pieces) {
  struct Source {
    const KvWay* way = nullptr;
    Seconds queue;
    Bytes bytes;
  };
  std::vector<Source> sources(tiers());
  double tokens = 0;
  Seconds longest, best;
  std::size_t chosen = 0;
  const KvTierEngine& engine = engines_[replica];
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::size_t tier = tier_of(replica, pieces[i]);
    if (tier == tiers()) break;
    if (plan_.fetch == KvTierPlan::Fetch::always) {
      chosen = i + 1;
      continue;
    }
    Source& source = sources[tier];
    if (source.way == nullptr) {
      source.way = &way(replica, 0, {place(tier), DataPlace::gpu});
      source.queue = std::max(Seconds{}, busy_until_[replica][tier] - clock_.now());
    }
    source.bytes += bytes_of(replica, pieces[i]);
    tokens += static_cast<double>(pieces[i].blocks) * engine.block_tokens;
    longest = std::max(longest, source.queue + source.way->time(source.bytes));
    const Seconds saved = engine.recompute_per_token * tokens - longest;
    if (saved <= best) continue;
    best = saved;
    chosen = i + 1;
  }
  return chosen;
}

void KvTiers::fetch(std::uint32_t replica, std::span<const PrefixPiece> pieces, std::function<void()> done) {
  const auto fetch = std::make_shared<Fetch>(Fetch{.parts = 0, .done = std::move(done)});
  std::vector<std::vector<Entry>> from(tiers());
  std::vector<std::pair<std::shared_ptr<Prefetch>, std::vector<Entry>>> awaited;
  std::vector<std::size_t> found;
  for (const PrefixPiece& piece : pieces) {
    const std::size_t tier = tier_of(replica, piece);
    ensure(tier < tiers(), "what is fetched is there");
    found.push_back(tier);
    figures_[tier].tokens += static_cast<double>(piece.blocks) * engines_[replica].block_tokens;
    const Entry* held = home(replica, tier).store.find(piece);
    if (held != nullptr) {
      from[tier].push_back(*held);
      continue;
    }
    const std::shared_ptr<Prefetch> before = arriving(replica, piece);
    if (awaited.empty() || awaited.back().first != before) awaited.emplace_back(before, std::vector<Entry>{});
    awaited.back().second.push_back({.piece = piece, .bytes = bytes_of(replica, piece)});
  }
  // The beginning of a chain is the last to be evicted.
  for (std::size_t i = pieces.size(); i-- > 0;) home(replica, found[i]).store.touch(pieces[i]);
  for (std::size_t tier = 0; tier < tiers(); ++tier) {
    if (!from[tier].empty()) fetch_from(replica, tier, from[tier], fetch);
  }
  for (auto& [before, entries] : awaited) {
    ++fetch->parts;
    before->waiters.push_back([this, replica, entries = std::move(entries), fetch] {
      fetch_from(replica, 0, entries, fetch);
      --fetch->parts;
    });
  }
  ++fetches_[replica];
}

void KvTiers::fetch_from(std::uint32_t replica, std::size_t tier, const std::vector<Entry>& entries,
                         const std::shared_ptr<Fetch>& fetch) {
  Bytes bytes;
  for (const Entry& entry : entries) bytes += entry.bytes;
  const std::size_t group = fetches_[replica] % engines_[replica].groups.size();
  const KvWayEnds ends{place(tier), DataPlace::gpu};
  const KvWay& path = way(replica, group, ends);
  Seconds& busy = busy_until_[replica][tier];
  busy = std::max(busy, clock_.now()) + bytes / path.rate;
  figures_[tier].read += bytes;
  count(replica, ends, bytes);
  ++fetch->parts;
  traffic_.move(path, bytes, [this, replica, tier, entries, fetch] {
    if (tier > 0 && place(0) == DataPlace::host) keep(replica, 0, entries);
    if (--fetch->parts == 0) fetch->done();
  });
}

void KvTiers::queued(std::uint32_t replica, const Prompt& prompt, int cached) {
  if (engines_[replica].groups.empty()) return;
  const auto named = static_cast<double>(prompt.blocks.size()) * prompt.block_tokens;
  prompt_tokens_ += std::max<double>(prompt.tokens, named);
  if (!plan_.prefetch) return;
  const int block_tokens = engines_[replica].block_tokens;
  name_pieces(prompt, block_tokens, scratch_);
  std::size_t first = 0;
  for (std::int64_t tokens = 0; first < scratch_.size(); ++first) {
    tokens += std::int64_t{scratch_[first].blocks} * block_tokens;
    if (tokens > cached) break;
  }
  const auto missing = std::span(scratch_).subspan(first);
  std::vector<std::vector<Entry>> from(tiers());
  for (const PrefixPiece& piece : missing.first(find(replica, missing))) {
    const std::size_t tier = tier_of(replica, piece);
    if (tier > 0) from[tier].push_back(*home(replica, tier).store.find(piece));
  }
  for (std::size_t tier = 1; tier < tiers(); ++tier) {
    if (!from[tier].empty()) prefetch(replica, tier, std::move(from[tier]));
  }
}

void KvTiers::prefetch(std::uint32_t replica, std::size_t tier, std::vector<Entry> entries) {
  Home& host = home(replica, 0);
  const auto under_way = std::make_shared<Prefetch>();
  Bytes bytes;
  for (const Entry& entry : std::views::reverse(entries)) {
    bytes += entry.bytes;
    host.arriving[entry.piece.name] = under_way;
    home(replica, tier).store.touch(entry.piece);
  }
  const KvWayEnds ends{place(tier), DataPlace::host};
  figures_[tier].read += bytes;
  count(replica, ends, bytes);
  traffic_.move(way(replica, 0, ends), bytes, [this, replica, entries = std::move(entries), under_way] {
    for (const Entry& entry : entries) home(replica, 0).arriving.erase(entry.piece.name);
    keep(replica, 0, entries);
    for (const std::function<void()>& waiter : under_way->waiters) waiter();
  });
}

void KvTiers::count(std::uint32_t replica, KvWayEnds ends, Bytes bytes) {
  if (ends.from != DataPlace::network && ends.to != DataPlace::network) return;
  const std::size_t node = topology_.fabric.device(engines_[replica].groups.front().front()).node;
  const BytesPerSecond rate = bytes / units::s;
  host_core_time_ += units::s * topology_.storage->host_cores_per(node, rate);
  dpu_core_time_ += units::s * topology_.storage->dpu_cores_per(node, rate);
}

}  // namespace aifsim::serving
