// What goes down the tiers: computed pieces, and those that the tier above has no room for.
#include <algorithm>
#include <ranges>

#include "base/error.hpp"
#include "serving/kv_tiers_state.hpp"

namespace aifsim::serving {

using topology::DataPlace;

void KvTiers::stored(std::uint32_t replica, const PrefixPiece& piece) {
  const auto through = [](const KvTierOptions& tier) { return tier.write == KvWrite::through; };
  const auto first = std::ranges::find_if(plan_.tiers, through);
  if (first == plan_.tiers.end()) return;
  const auto tier = static_cast<std::size_t>(first - plan_.tiers.begin());
  if (home(replica, tier).store.find(piece) != nullptr) return;
  write(replica, {DataPlace::gpu, place(tier)}, tier, {.piece = piece, .bytes = bytes_of(replica, piece)});
}

void KvTiers::evicted(std::uint32_t replica, const PrefixPiece& piece) {
  KvStore& store = home(replica, 0).store;
  if (store.find(piece) != nullptr) return store.touch(piece);
  if (plan_.tiers.front().write == KvWrite::through) return;
  write(replica, {DataPlace::gpu, place(0)}, 0, {.piece = piece, .bytes = bytes_of(replica, piece)});
}

void KvTiers::write(std::uint32_t replica, KvWayEnds ends, std::size_t tier, const Entry& entry) {
  std::unique_ptr<Stream>& stream = streams_[{replica, static_cast<std::uint64_t>(ends.from), tier}];
  if (!stream)
    stream =
        std::make_unique<Stream>(Stream{.replica = replica, .ends = ends, .tier = tier, .waiting = {}, .staged = {}});
  if (stream->staged + entry.bytes > plan_.staging) {
    figures_[tier].dropped += entry.bytes;
    return;
  }
  stream->waiting.push_back(entry);
  stream->staged += entry.bytes;
  if (stream->under_way) return;
  stream->under_way = true;
  clock_.at(clock_.now(), [this, to_flush = stream.get()] { flush(*to_flush); });
}

void KvTiers::flush(Stream& stream) {
  std::vector<Entry> batch;
  batch.swap(stream.waiting);
  KvStore& target = home(stream.replica, stream.tier).store;
  std::erase_if(batch, [&](const Entry& entry) {
    if (target.find(entry.piece) == nullptr) return false;
    stream.staged -= entry.bytes;
    return true;
  });
  stream.under_way = !batch.empty();
  if (batch.empty()) {
    stream.staged = {};
    return;
  }
  Bytes bytes;
  for (const Entry& entry : batch) bytes += entry.bytes;
  figures_[stream.tier].written += bytes;
  count(stream.replica, stream.ends, bytes);
  const std::size_t group = stream.batches++ % engines_[stream.replica].groups.size();
  traffic_.move(way(stream.replica, group, stream.ends), bytes, [this, &stream, bytes, batch = std::move(batch)] {
    stream.staged -= bytes;
    keep(stream.replica, stream.tier, batch);
    write_on(stream.replica, stream.tier, batch);
    flush(stream);
  });
}

// What is written through to this tier goes on to the next one that is written through.
void KvTiers::write_on(std::uint32_t replica, std::size_t tier, std::span<const Entry> entries) {
  std::size_t next = tier + 1;
  while (next < tiers() && plan_.tiers[next].write != KvWrite::through) ++next;
  if (next == tiers()) return;
  for (const Entry& entry : entries) {
    if (home(replica, next).store.find(entry.piece) == nullptr) write(replica, {place(tier), place(next)}, next, entry);
  }
}

// The beginning of a chain is the last to be evicted.
void KvTiers::keep(std::uint32_t replica, std::size_t tier, std::span<const Entry> entries) {
  KvStore& store = home(replica, tier).store;
  const Bytes before = store.used();
  std::vector<Entry> out;
  for (const Entry& entry : std::views::reverse(entries)) {
    if (!store.insert(entry, out)) store.touch(entry.piece);
  }
  Figures& figures = figures_[tier];
  figures.held += store.used() - before;
  figures.most = std::max(figures.most, figures.held);
  if (watcher_) watcher_(figures.place, figures.held / figures.capacity);
  const bool goes_down = tier + 1 < tiers() && plan_.tiers[tier + 1].write == KvWrite::back;
  if (!goes_down) return;
  KvStore& below = home(replica, tier + 1).store;
  for (const Entry& entry : out) {
    if (below.find(entry.piece) != nullptr) {
      below.touch(entry.piece);
    } else {
      write(replica, {place(tier), place(tier + 1)}, tier + 1, entry);
    }
  }
}

void KvTiers::check() const {
  std::vector<Bytes> held(tiers());
  for (const std::unique_ptr<Home>& home : stores_) {
    home->store.check();
    ensure(home->arriving.empty() || home->tier == 0, "pieces are prefetched to the first tier");
    held[home->tier] += home->store.used();
  }
  for (std::size_t i = 0; i < tiers(); ++i) {
    const Bytes slack = figures_[i].capacity * 1e-9;
    ensure(held[i] <= figures_[i].held + slack && figures_[i].held <= held[i] + slack, "a tier counts what it holds");
    ensure(figures_[i].most <= figures_[i].capacity + slack, "a tier holds no more than it can");
  }
}

}  // namespace aifsim::serving
