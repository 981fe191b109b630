#include "topology/planes.hpp"

#include <algorithm>

#include "topology/shortest_paths.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

class Planes final : public ScaleOutNetwork {
 public:
  Planes(std::vector<std::unique_ptr<ScaleOutNetwork>> planes, bool split)
      : planes_(std::move(planes)), split_(split) {}

  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                                 std::vector<ChannelUse>& path) const override {
    return split_ ? append_all(from, to, flow, path) : append_one(from, to, flow, path);
  }
  void avoid(std::shared_ptr<const DeadChannels> dead) override {
    for (const auto& plane : planes_) plane->avoid(dead);
  }
  [[nodiscard]] std::vector<TierCount> tiers() const override { return tiers_of(planes_); }
  [[nodiscard]] std::size_t path_diversity(const NicPlace& from, const NicPlace& to) const override {
    return planes_.size() * planes_[0]->path_diversity(from, to);
  }

 private:
  // Equal shares on all planes that lead there.
  bool append_all(const NicPlace& from, const NicPlace& to, std::uint64_t flow, std::vector<ChannelUse>& path) const {
    const std::size_t first = path.size();
    double alive = 0;
    for (const auto& plane : planes_) {
      if (plane->append_path(from, to, flow, path)) ++alive;
    }
    for (std::size_t i = first; i < path.size(); ++i) path[i].multiplicity /= alive;
    return alive > 0;
  }
  // The hashed one, or the next that leads there.
  bool append_one(const NicPlace& from, const NicPlace& to, std::uint64_t flow, std::vector<ChannelUse>& path) const {
    const std::size_t hashed = mix(mix(from.ordinal) ^ mix(~to.ordinal) ^ flow) % planes_.size();
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      if (planes_[(hashed + i) % planes_.size()]->append_path(from, to, flow, path)) return true;
    }
    return false;
  }

  std::vector<std::unique_ptr<ScaleOutNetwork>> planes_;
  bool split_;
};

// A plane is a network of slower NICs.
Platform plane_of(const Platform& platform, double share) {
  Platform plane = platform;
  for (hardware::NodeGroup& group : plane.groups) {
    auto type = std::make_shared<hardware::NodeSpec>(*group.type);
    type->nic.bandwidth *= share;
    group.type = std::move(type);
  }
  return plane;
}

}  // namespace

std::unique_ptr<ScaleOutNetwork> make_planes(const Platform& platform, const MakePlane& make) {
  const auto count = static_cast<std::size_t>(platform.scale_out.planes);
  if (count == 1) return make(platform, {});
  const double share = 1 / static_cast<double>(count);
  const Platform plane = plane_of(platform, share);
  std::vector<std::unique_ptr<ScaleOutNetwork>> planes;
  for (std::size_t i = 0; i < count; ++i) planes.push_back(make(plane, {.rail = std::nullopt, .nic_share = share}));
  return std::make_unique<Planes>(std::move(planes), platform.scale_out.routing != hardware::RoutingKind::ecmp);
}

std::vector<TierCount> tiers_of(const std::vector<std::unique_ptr<ScaleOutNetwork>>& parts) {
  std::vector<TierCount> sum;
  for (const auto& part : parts) {
    for (const TierCount& tier : part->tiers()) {
      const auto known =
          std::find_if(sum.begin(), sum.end(), [&](const TierCount& entry) { return entry.tier == tier.tier; });
      if (known == sum.end()) {
        sum.push_back(tier);
      } else {
        known->switches += tier.switches;
      }
    }
  }
  return sum;
}

}  // namespace aifsim::topology
