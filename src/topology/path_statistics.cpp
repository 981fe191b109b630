// Walks the paths between GPUs. Small clusters are walked whole; of large ones, shifts: permutations GPU i -> GPU i +
// s, which load every GPU and NIC alike, for s spread over all distances.
#include <algorithm>
#include <array>
#include <map>

#include "base/rng.hpp"
#include "topology/summary.hpp"

namespace aifsim::topology {
namespace {

constexpr std::size_t most_pairs = 4'000'000;  // about a second
constexpr std::size_t least_shifts = 4;

class Walk {
 public:
  explicit Walk(const Topology& topology)
      : topology_(topology), gpus_(topology.fabric.gpu_count()), load_(topology.fabric.channels().size(), 0.0F) {}

  PathStatistics statistics() {
    if (gpus_ < 2) return {};
    PathStatistics result;
    const std::size_t shifts = std::clamp(most_pairs / gpus_, std::min(least_shifts, gpus_ - 1), gpus_ - 1);
    result.sampled = shifts < gpus_ - 1;
    Rng random(1, "topology.shifts");
    for (std::size_t i = 0; i < shifts; ++i) {
      const std::size_t first = 1 + i * (gpus_ - 1) / shifts;
      const std::size_t end = 1 + (i + 1) * (gpus_ - 1) / shifts;
      walk_shift(first + random.below(end - first));
    }
    result.pairs = pairs_;
    result.mean_hops = hops_ / static_cast<double>(pairs_);
    if (result.sampled) walk_from_first();  // finds the far corner of a symmetric network
    result.diameter_hops = farthest_;
    result.path_diversity = topology_.routing->path_diversity(far_.first, far_.second);
    result.hottest = hottest(static_cast<double>(shifts));
    return result;
  }

 private:
  void walk_shift(std::size_t shift) {
    for (std::size_t from = 0; from < gpus_; ++from) {
      hops_ += static_cast<double>(walk(from, (from + shift) % gpus_));
      for (const ChannelUse& use : path_) load_[use.channel.index()] += static_cast<float>(use.multiplicity);
      ++pairs_;
    }
  }
  void walk_from_first() {
    for (std::size_t to = 1; to < gpus_; ++to) static_cast<void>(walk(0, to));
  }

  // A sprayed path takes several ways at once: hops count by their share.
  std::size_t walk(std::size_t from, std::size_t to) {
    path_.clear();
    const std::pair<DeviceId, DeviceId> ends{topology_.fabric.gpu(from), topology_.fabric.gpu(to)};
    topology_.routing->append_path(ends.first, ends.second, 0, path_);
    double hops = 0;
    for (const ChannelUse& use : path_) hops += use.multiplicity;
    const auto whole = static_cast<std::size_t>(hops + 0.5);
    if (whole > farthest_) {
      farthest_ = whole;
      far_ = ends;
    }
    return whole;
  }

  [[nodiscard]] std::vector<HotChannel> hottest(double sent) const {
    const Fabric& fabric = topology_.fabric;
    std::map<std::array<DeviceKind, 2>, HotChannel> classes;
    for (std::size_t i = 0; i < load_.size(); ++i) {
      if (load_[i] <= 0) continue;
      const Channel& channel = fabric.channels()[i];
      const double load = static_cast<double>(load_[i]) / sent;
      const HotChannel candidate{.channel = ChannelId{i}, .load = load, .rate = channel.capacity * (1 / load)};
      HotChannel& worst = classes[{fabric.device(channel.from).kind, fabric.device(channel.to).kind}];
      if (!worst.channel.valid() || candidate.rate < worst.rate) worst = candidate;
    }
    std::vector<HotChannel> sorted;
    for (const auto& [ends, channel] : classes) sorted.push_back(channel);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const HotChannel& a, const HotChannel& b) { return a.rate < b.rate; });
    return sorted;
  }

  const Topology& topology_;
  std::size_t gpus_;
  std::vector<float> load_;
  std::vector<ChannelUse> path_;
  double hops_ = 0;
  std::size_t pairs_ = 0, farthest_ = 0;
  std::pair<DeviceId, DeviceId> far_{topology_.fabric.gpu(0), topology_.fabric.gpu(0)};
};

}  // namespace

PathStatistics walk_all_to_all(const Topology& topology) {
  if (topology.fabric.gpu_count() == 0) return {};
  return Walk(topology).statistics();
}

}  // namespace aifsim::topology
