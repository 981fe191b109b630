// Rails without a spine between them: NIC i of every node joins the network of rail i, and traffic to another rail is
// forwarded over NVLink first (Wang et al., "Rail-only: A Low-Cost High-Performance Network for Training LLMs with
// Trillion Parameters", arXiv 2307.12169). A rail too large for one switch is a tree of its own.
#include "topology/generators.hpp"
#include "topology/planes.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

class OneRail final : public LeafMap {
 public:
  OneRail(const Platform& platform, const NodeLayout& nodes) {
    const auto unit = static_cast<std::size_t>(platform.scale_out.unit_nodes);
    if (unit == 0 && nodes.node_count() <= radix(platform, 0)) {
      shape_.down = nodes.node_count();
      return;
    }
    shape_.down = leaf_ports_down(platform, unit);
    shape_.leaves = (nodes.node_count() + shape_.down - 1) / shape_.down;
  }
  [[nodiscard]] std::size_t leaf_of(const NicPlace& nic) const override {
    return shape_.leaves == 1 ? 0 : nic.node / shape_.down;
  }
  [[nodiscard]] LeafShape shape() const override { return shape_; }

 private:
  LeafShape shape_;
};

class RailOnly final : public ScaleOutNetwork {
 public:
  explicit RailOnly(std::vector<std::unique_ptr<ScaleOutNetwork>> rails) : rails_(std::move(rails)) {}

  [[nodiscard]] bool append_path(const NicPlace& from, const NicPlace& to, std::uint64_t flow,
                                 std::vector<ChannelUse>& path) const override {
    return from.index == to.index && rails_[from.index]->append_path(from, to, flow, path);
  }
  [[nodiscard]] bool joins_rails_apart() const override { return true; }
  void avoid(std::shared_ptr<const DeadChannels> dead) override {
    for (const auto& rail : rails_) rail->avoid(dead);
  }
  [[nodiscard]] std::vector<TierCount> tiers() const override { return tiers_of(rails_); }
  [[nodiscard]] std::size_t path_diversity(const NicPlace& from, const NicPlace& to) const override {
    return rails_[to.index]->path_diversity(from, to);
  }

 private:
  std::vector<std::unique_ptr<ScaleOutNetwork>> rails_;
};

}  // namespace

std::unique_ptr<ScaleOutNetwork> generate_rail_only(const Platform& platform, const NodeLayout& nodes, Fabric& fabric) {
  if (nodes.rails() * nodes.node_count() != nodes.nic_count()) {
    reject(platform, "nodes", "the same number of NICs in every node of a rail-only network",
           std::to_string(nodes.rails()) + " in some, fewer in others");
  }
  std::vector<std::unique_ptr<ScaleOutNetwork>> rails;
  for (std::size_t rail = 0; rail < nodes.rails(); ++rail) {
    rails.push_back(
        make_tree(platform, nodes, std::make_unique<OneRail>(platform, nodes), fabric, {.rail = rail, .nic_share = 1}));
  }
  return std::make_unique<RailOnly>(std::move(rails));
}

}  // namespace aifsim::topology
