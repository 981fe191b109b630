#include "topology/node_layout.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "topology/node_builder.hpp"

namespace aifsim::topology {
namespace {

std::size_t count(int value) { return static_cast<std::size_t>(value); }

}  // namespace

GroupLayout::GroupLayout(const hardware::NodeGroup& group) {
  const hardware::NodeSpec& type = *group.type;
  nodes = count(type.nodes_per_domain);
  domains = count(group.count);
  gpus = count(type.gpus);
  nics = count(type.nics);
  cpus = count(type.cpus);
  nic_bandwidth = type.nic.bandwidth;
  nvlink = !type.nvlink_medium.empty() && type.domain_gpus() > 1;
  nvswitch = nvlink && type.nvswitches > 0;
  plane_gpus = domain_gpus();
  if (nvswitch && type.nvlink_group > 0) {
    plane_gpus = count(type.nvlink_group);
    planes = domain_gpus() / plane_gpus;
  }
  if (type.nics_behind_cpu) hosts = nvlink || gpus == 1 ? std::max<std::size_t>(cpus, 1) : 1;
}

std::size_t GroupLayout::nvlink_channels() const {
  if (!nvlink) return 0;
  return nvswitch ? 2 * (domain_gpus() + (planes > 1 ? planes : 0)) : domain_gpus() * (domain_gpus() - 1);
}

std::size_t GroupLayout::node_channels() const {
  if (hosts > 0) return 2 * gpus + 2 * nics;
  return nics > 0 ? 2 * gpus : 0;
}

NodeLayout::NodeLayout(const hardware::Platform& platform, Fabric& fabric) {
  std::size_t domain_number = 0;
  groups_.reserve(platform.groups.size());
  for (const hardware::NodeGroup& group : platform.groups) {
    GroupLayout& layout = groups_.emplace_back(group);
    layout.first_device = fabric.devices().size();
    layout.first_channel = fabric.channels().size();
    layout.first_node = nodes_;
    layout.first_nic = nics_;
    layout.first_gpu = gpus_;
    layout.first_domain = domain_number;
    add_nodes(platform, group, layout, fabric);
    const std::size_t group_nodes = layout.domains * layout.nodes;
    nodes_ += group_nodes;
    nics_ += group_nodes * layout.nics;
    gpus_ += group_nodes * layout.gpus;
    rails_ = std::max(rails_, layout.nics);
    domain_number += layout.nvlink ? layout.domains : group_nodes * layout.gpus;
  }
}

GpuPlace NodeLayout::locate(DeviceId gpu) const {
  auto group = std::upper_bound(groups_.begin(), groups_.end(), gpu.index(),
                                [](std::size_t id, const GroupLayout& layout) { return id < layout.first_device; });
  ensure(gpu.valid() && group != groups_.begin(), "a GPU lies in a node group");
  --group;
  const std::size_t offset = gpu.index() - group->first_device;
  GpuPlace place{.group = &*group, .domain = offset / group->domain_devices()};
  const std::size_t in_domain = offset - place.domain * group->domain_devices();
  place.node = in_domain / group->node_devices();
  place.gpu = in_domain - place.node * group->node_devices();
  ensure(place.domain < group->domains && place.node < group->nodes && place.gpu < group->gpus, "a path joins GPUs");
  return place;
}

std::uint32_t NodeLayout::nvlink_domain(const GpuPlace& place) const {
  const GroupLayout& group = *place.group;
  const std::size_t in_group = group.nvlink ? place.domain : place.domain * group.domain_gpus() + place.domain_gpu();
  return static_cast<std::uint32_t>(group.first_domain + in_group);
}

std::size_t NodeLayout::nvlink_base(const GpuPlace& place) {
  return place.group->first_channel + place.domain * place.group->domain_channels();
}

std::size_t NodeLayout::node_base(const GpuPlace& place) {
  return nvlink_base(place) + place.group->nvlink_channels() + place.node * place.group->node_channels();
}

ChannelId NodeLayout::nvlink_up(const GpuPlace& place) const {
  return place.group->nvswitch ? ChannelId{nvlink_base(place) + 2 * place.domain_gpu()} : ChannelId{};
}

ChannelId NodeLayout::nvlink_down(const GpuPlace& place) const {
  return place.group->nvswitch ? ChannelId{nvlink_base(place) + 2 * place.domain_gpu() + 1} : ChannelId{};
}

std::pair<ChannelId, ChannelId> NodeLayout::host_link(const GpuPlace& place) {
  if (place.group->node_channels() == 0) return {};
  const std::size_t up = node_base(place) + 2 * place.gpu;
  return {ChannelId{up}, ChannelId{up + 1}};
}

NicPlace NodeLayout::nic_place(const GroupLayout& group, std::size_t nic_in_group) {
  const std::size_t node = nic_in_group / group.nics;
  const std::size_t index = nic_in_group - node * group.nics;
  const std::size_t domain = node / group.nodes;
  const std::size_t device = group.first_device + domain * group.domain_devices() +
                             (node - domain * group.nodes) * group.node_devices() + group.gpus + group.hosts + index;
  return {.device = DeviceId{device},
          .ordinal = group.first_nic + nic_in_group,
          .node = group.first_node + node,
          .index = index};
}

GpuPlace NodeLayout::at_nic(const GpuPlace& place, std::size_t nic) {
  const std::size_t gpus_each = place.group->gpus / place.group->nics;
  GpuPlace there = place;
  there.gpu = nic * gpus_each + place.gpu % gpus_each;
  return there;
}

NicPlace NodeLayout::nic_of(const GpuPlace& place) const {
  const GroupLayout& group = *place.group;
  if (group.nics == 0) return {};
  return nic_place(group, (place.domain * group.nodes + place.node) * group.nics + group.nic_of(place.gpu));
}

bool NodeLayout::append_inside(const GpuPlace& from, const GpuPlace& to, std::vector<ChannelUse>& path) const {
  const GroupLayout& group = *from.group;
  if (to.group != from.group || to.domain != from.domain) return false;
  if (group.nvswitch) {
    const std::size_t source = group.plane_of(from.domain_gpu());
    const std::size_t destination = group.plane_of(to.domain_gpu());
    const std::size_t trunks = nvlink_base(from) + 2 * group.domain_gpus();
    path.push_back({nvlink_up(from)});
    if (source != destination) {
      path.push_back({ChannelId{trunks + 2 * source}});
      path.push_back({ChannelId{trunks + 2 * destination + 1}});
    }
    path.push_back({nvlink_down(to)});
    return true;
  }
  if (group.nvlink) {
    const std::size_t peer = to.domain_gpu() < from.domain_gpu() ? to.domain_gpu() : to.domain_gpu() - 1;
    path.push_back({ChannelId{nvlink_base(from) + from.domain_gpu() * (group.domain_gpus() - 1) + peer}});
    return true;
  }
  if (to.node != from.node || group.hosts != 1) return false;
  path.push_back({ChannelId{node_base(from) + 2 * from.gpu}});
  path.push_back({ChannelId{node_base(to) + 2 * to.gpu + 1}});
  return true;
}

void NodeLayout::append_to_nic(const GpuPlace& from, std::vector<ChannelUse>& path) const {
  const GroupLayout& group = *from.group;
  path.push_back({ChannelId{node_base(from) + 2 * from.gpu}});
  if (group.hosts > 0) path.push_back({ChannelId{node_base(from) + 2 * (group.gpus + group.nic_of(from.gpu))}});
}

void NodeLayout::append_from_nic(const GpuPlace& to, std::vector<ChannelUse>& path) const {
  const GroupLayout& group = *to.group;
  if (group.hosts > 0) path.push_back({ChannelId{node_base(to) + 2 * (group.gpus + group.nic_of(to.gpu)) + 1}});
  path.push_back({ChannelId{node_base(to) + 2 * to.gpu + 1}});
}

}  // namespace aifsim::topology
