#include "collective/nvls_port.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace aifsim::collective {

Movement nvls_movement(const Situation& situation, PortLoad load) {
  const topology::Topology& topology = *situation.topology;
  const auto slower = [&topology](DeviceId a, DeviceId b) {
    const BytesPerSecond rate_a = topology.fabric.channel(topology.routing->nvlink_up(a)).capacity;
    const BytesPerSecond rate_b = topology.fabric.channel(topology.routing->nvlink_up(b)).capacity;
    return rate_a < rate_b || (rate_a == rate_b && a < b);
  };
  DeviceId slowest = situation.request->groups.front().front();
  auto everyone = std::make_shared<ChannelLoads>();
  for (const auto& group : situation.request->groups) {
    for (const DeviceId gpu : group) {
      slowest = std::min(slowest, gpu, slower);
      everyone->push_back({topology.routing->nvlink_up(gpu), situation.request->bytes * load.up});
      everyone->push_back({topology.routing->nvlink_down(gpu), situation.request->bytes * load.down});
    }
  }
  const double buffers = std::max(load.up, load.down);
  Movement movement{.medium = Medium::nvlink, .rate_factor = buffers};
  movement.flow.bytes = situation.bytes() * buffers;
  movement.flow.path = {{topology.routing->nvlink_up(slowest), load.up / buffers},
                        {topology.routing->nvlink_down(slowest), load.down / buffers}};
  movement.flow.everyone = std::move(everyone);
  return movement;
}

namespace {

// Multicast needs every member's ports and the switches between them.
bool nvlink_whole(const Situation& situation) {
  const topology::Topology& topology = *situation.topology;
  if (!topology.dead_channels) return true;
  std::vector<ChannelUse> path;
  for (const Layout& layout : situation.layouts) {
    for (const Members& members : layout.domains) {
      for (const DeviceId gpu : members) {
        const ChannelId up = topology.routing->nvlink_up(gpu), down = topology.routing->nvlink_down(gpu);
        if (!up.valid() || !topology.alive(up) || !topology.alive(down)) return false;
        path.clear();
        if (gpu != members.front()) topology.routing->append_path(members.front(), gpu, 0, path);
        // A way round a dead trunk leaves the switches.
        for (std::size_t i = 0; i + 1 < path.size(); ++i) {
          const DeviceId stop = topology.fabric.channel(path[i].channel).to;
          if (topology.fabric.device(stop).kind != topology::DeviceKind::nvswitch) return false;
        }
      }
    }
  }
  return true;
}

}  // namespace

bool nvls_possible(const Situation& situation) {
  const auto& method = situation.architecture->nvls;
  return situation.request->nvls_allowed && situation.nvlink_sharp && method &&
         situation.domain_ranks >= static_cast<std::size_t>(method->min_ranks) && nvlink_whole(situation);
}

PortLoad nvls_all_reduce_load(const Situation& situation) {
  const double load = 1 + 1 / static_cast<double>(situation.domain_ranks);
  return {load, load};
}

}  // namespace aifsim::collective
