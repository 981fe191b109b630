// Networks whose switches are joined to each other. What differs between topologies is which are, and the way taken.
#pragma once

#include <optional>
#include <vector>

#include "topology/node_layout.hpp"
#include "topology/shortest_paths.hpp"

namespace aifsim::topology {

struct Joint {
  std::size_t a = 0, b = 0;  // switches
  std::size_t cables = 1;
  double metres = 0;
};

// Switches of one kind; NICs plug into those of the first tier, `unit_nodes` whole nodes to a switch.
struct DirectTier {
  DeviceKind kind = DeviceKind::leaf;
  std::size_t switches = 0;
};

class DirectNetwork : public ScaleOutNetwork {
 public:
  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                                 std::vector<ChannelUse>& path) const final;
  void avoid(std::shared_ptr<const DeadChannels> dead) override;
  [[nodiscard]] std::vector<TierCount> tiers() const override { return tiers_; }
  [[nodiscard]] std::size_t path_diversity(const NicPlace& from, const NicPlace& to) const override;

 protected:
  DirectNetwork(const hardware::Platform& platform, const NodeLayout& nodes);
  // Adds all devices and cables. Switch numbers go on from tier to tier.
  void build(const hardware::Platform& platform, const NodeLayout& nodes, const std::vector<DirectTier>& tiers,
             const std::vector<Joint>& joints, Fabric& fabric);
  // Appends the way from one switch to another one that this topology takes when nothing is dead.
  virtual void route(std::size_t from, std::size_t to, std::uint64_t hash, std::vector<ChannelUse>& path) const = 0;
  // Appends the cable between two neighbours.
  void cross(std::size_t from, std::size_t to, double share, std::vector<ChannelUse>& path) const;
  [[nodiscard]] std::size_t access_switches() const { return access_switches_; }
  [[nodiscard]] std::size_t switch_of_node(std::size_t node) const { return node / unit_nodes_; }
  [[nodiscard]] bool sprayed() const { return sprayed_; }
  [[nodiscard]] bool hashed() const { return hashed_; }

 private:
  void check_ports(const hardware::Platform& platform, const NodeLayout& nodes, const std::vector<Joint>& joints,
                   std::size_t switches) const;
  void add_access(const hardware::Platform& platform, const NodeLayout& nodes, Fabric& fabric);
  void add_joints(const hardware::Platform& platform, const std::vector<Joint>& joints, Fabric& fabric);

  std::size_t unit_nodes_, access_switches_;
  bool sprayed_, hashed_;
  std::size_t first_switch_ = 0, first_access_ = 0, switches_ = 0;
  std::vector<TierCount> tiers_;
  std::vector<GraphEdge> edges_;
  std::optional<ShortestPaths> paths_;  // over what is alive
  std::optional<ShortestPaths> all_;    // over everything: the cables by their ends
};

}  // namespace aifsim::topology
