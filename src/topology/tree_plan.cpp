#include "topology/tree_plan.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.hpp"
#include "topology/scale_out_network.hpp"

namespace aifsim::topology {
namespace {

using hardware::Platform;

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
std::size_t round_up(std::size_t value, std::size_t granule) { return ceil_div(value, granule) * granule; }

// Cables of one switch reach every switch above in equal number, so the number above divides them. This is why 3
// scalable units of DGX H100 have 16 spines and not 12 (NVIDIA DGX SuperPOD reference architecture, H100, table 4).
std::size_t smallest_divisor(std::size_t of, std::size_t at_least) {
  for (std::size_t divisor = std::max<std::size_t>(at_least, 1); divisor < of; ++divisor) {
    if (of % divisor == 0) return divisor;
  }
  return of;
}

std::string tier_key(const Platform& platform, std::size_t tier) {
  const std::size_t own = std::min(tier, platform.scale_out.tiers.size());
  for (std::size_t boundary = own; boundary > 0; --boundary) {
    if (platform.scale_out.tiers[boundary - 1].switches) {
      return "scale_out.tiers[" + std::to_string(boundary - 1) + "].switch";
    }
  }
  return "scale_out.switch";
}

std::size_t cables_up(std::size_t down, std::size_t ports, double oversubscription) {
  const auto wanted = static_cast<std::size_t>(std::llround(static_cast<double>(down) / oversubscription));
  ensure(down < ports && wanted <= ports - down, "a switch has enough ports for its cables up");
  return std::max<std::size_t>(wanted, 1);
}

// Blocks of one tier below the next: as few as the radix allows, evenly filled.
std::size_t children_per_block(const Platform& platform, const LeafShape& shape, std::size_t tier, std::size_t blocks) {
  const std::size_t most = ports_down(platform, tier);
  if (tier == 1 && shape.pod_leaves > 0) {
    if (shape.pod_leaves > most) {
      reject(platform, "scale_out.pod_nodes", "a pod of at most " + std::to_string(most) + " leaves below one spine",
             std::to_string(shape.pod_leaves) + " leaves");
    }
    return shape.pod_leaves;
  }
  const std::size_t even = ceil_div(blocks, ceil_div(blocks, most));
  if (tier > 1) return even;
  const std::size_t whole_units = std::min(round_up(even, shape.granule), most / shape.granule * shape.granule);
  return whole_units > 0 ? whole_units : even;
}

}  // namespace

BytesPerSecond cable_rate(const Platform& platform) {
  BytesPerSecond fastest;
  for (const hardware::NodeGroup& group : platform.groups) {
    if (group.type->nics > 0) fastest = std::max(fastest, group.type->nic.bandwidth);
  }
  return fastest;
}

std::size_t radix(const Platform& platform, std::size_t tier) {
  const hardware::SwitchSpec& spec = platform.scale_out.tier_switch(tier);
  const double cables_per_port = spec.port_bandwidth / cable_rate(platform);
  const double whole = cables_per_port >= 1 ? cables_per_port : 1 / cables_per_port;
  if (std::abs(whole - std::round(whole)) > 1e-6) {
    reject(platform, tier_key(platform, tier), "a switch whose ports split into, or bundle to, the NICs' rate",
           spec.name + " with ports of " + std::to_string(std::lround(spec.port_bandwidth.in(units::Gbit_per_s))) +
               " Gb/s for NICs of " + std::to_string(std::lround(cable_rate(platform).in(units::Gbit_per_s))) +
               " Gb/s");
  }
  const auto factor = static_cast<std::size_t>(std::llround(whole));
  const auto ports = static_cast<std::size_t>(spec.ports);
  return cables_per_port >= 1 ? ports * factor : ports / factor;
}

std::size_t ports_down(const Platform& platform, std::size_t tier) {
  const std::size_t ports = radix(platform, tier);
  const double ratio = platform.scale_out.oversubscription(tier);
  // The small addend keeps 64 * 7 / 8 from becoming 55.999….
  const auto down = static_cast<std::size_t>(static_cast<double>(ports) * ratio / (1 + ratio) + 1e-9);
  if (down < 2 || down >= ports) {
    reject(platform, tier_key(platform, tier), "a switch of more ports for this oversubscription",
           platform.scale_out.tier_switch(tier).name + " with " + std::to_string(ports) + " ports at " +
               std::to_string(std::lround(cable_rate(platform).in(units::Gbit_per_s))) + " Gb/s");
  }
  return down;
}

std::size_t leaf_ports_down(const Platform& platform, std::size_t unit_ports) {
  const std::size_t most = ports_down(platform, 0);
  if (unit_ports > most) {
    reject(platform, "scale_out.unit_nodes",
           "at most " + std::to_string(most) + " NICs below one " + platform.scale_out.tier_switch(0).name +
               " at this oversubscription",
           std::to_string(unit_ports));
  }
  return unit_ports > 0 ? unit_ports : most;
}

std::size_t cables_below(const std::vector<TreeTier>& tiers, std::size_t tier) {
  if (tier == 0) return tiers[0].children;
  return tiers[tier].children * tiers[tier - 1].uplinks / tiers[tier].spread;
}

std::vector<TreeTier> plan_tree(const Platform& platform, const LeafShape& shape) {
  std::vector<TreeTier> tiers{{.blocks = shape.leaves, .children = shape.down, .ports = radix(platform, 0)}};
  while (tiers.back().blocks > 1) {
    const std::size_t tier = tiers.size();
    TreeTier& below = tiers.back();
    below.uplinks =
        cables_up(cables_below(tiers, tier - 1), below.ports, platform.scale_out.oversubscription(tier - 1));
    TreeTier above{.ports = radix(platform, tier)};
    const bool pods = tier == 1 && shape.pod_leaves > 0 && shape.pod_leaves < below.blocks;
    std::size_t down_ports = above.ports;
    if (!pods && below.blocks <= above.ports) {
      above.children = below.blocks;
    } else {
      above.children = children_per_block(platform, shape, tier, below.blocks);
      down_ports = ports_down(platform, tier);
    }
    above.blocks = ceil_div(below.blocks, above.children);
    above.spread = smallest_divisor(below.uplinks, ceil_div(above.children * below.uplinks, down_ports));
    above.roots = below.roots * above.spread;
    tiers.push_back(above);
  }
  return tiers;
}

}  // namespace aifsim::topology
