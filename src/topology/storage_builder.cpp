#include "topology/storage_builder.hpp"

#include <algorithm>
#include <tuple>

#include "base/error.hpp"
#include "topology/node_builder.hpp"

namespace aifsim::topology {
namespace {

using hardware::NodeSpec;

// Of a memory's nominal bandwidth that streams reach: 507 of 546 GB/s in STREAM triad on Grace (Chips and Cheese, in
// cpus/grace.yaml); assumed of all others.
constexpr double stream_fraction = 0.93;

std::size_t hosts_of(const NodeSpec& type) { return static_cast<std::size_t>(std::max(type.cpus, 1)); }

}  // namespace

Channel Storage::Builder::cable(const std::string& medium, BytesPerSecond nominal, Seconds arrival) const {
  const hardware::LinkMedium& kind = platform_.medium(medium);
  return {.capacity = nominal * kind.payload_fraction,
          .latency = kind.latency + arrival,
          .medium = medium_id(platform_, medium)};
}

std::pair<ChannelId, ChannelId> Storage::Builder::join(Channel channel, DeviceId from, DeviceId to) {
  channel.from = from;
  channel.to = to;
  return fabric_.add_duplex(channel);
}

ChannelId Storage::Builder::limit(DeviceId from, DeviceKind kind, std::uint32_t node, BytesPerSecond capacity) {
  return fabric_.add_channel({.from = from,
                              .to = fabric_.add_device({.kind = kind, .node = node}),
                              .capacity = capacity,
                              .medium = MediumId{0}});
}

void Storage::Builder::add() {
  storage_.gpu_ordinals_.resize(fabric_.devices().size());
  storage_.links_.resize(fabric_.gpu_count());
  for (std::size_t i = 0; i < fabric_.gpu_count(); ++i) {
    storage_.gpu_ordinals_[fabric_.gpu(i).index()] = static_cast<std::uint32_t>(i);
  }
  for (const hardware::NodeGroup& group : platform_.groups) {
    const NodeSpec& type = *group.type;
    const bool dpu = type.dpus > 0 && platform_.storage.attach != hardware::StorageSpec::Attach::nic;
    const std::size_t count = static_cast<std::size_t>(group.count) * static_cast<std::size_t>(type.nodes_per_domain);
    storage_.nodes_.insert(storage_.nodes_.end(), count, {.type = &type, .behind_dpu = dpu});
  }
  add_shared();
  std::size_t gpu = 0;
  for (std::size_t node = 0; node < storage_.nodes_.size(); ++node) {
    const NodeSpec& type = *storage_.nodes_[node].type;
    const std::size_t first_host = storage_.hosts_.size();
    hosts_.clear();
    uplinks_.clear();
    cpus_.clear();
    for (std::size_t seat = 0; seat < static_cast<std::size_t>(type.gpus); ++seat)
      link_gpu(fabric_.gpu(gpu++), seat, type);
    furnish(node, first_host);
  }
}

void Storage::Builder::add_shared() {
  const hardware::StorageSpec& shared = platform_.storage;
  if (!shared.present()) return;
  switch_ = fabric_.add_device({.kind = DeviceKind::storage_switch});
  const DeviceId system = fabric_.add_device({.kind = DeviceKind::storage});
  Channel channel{
      .from = system, .to = switch_, .capacity = shared.read, .medium = medium_id(platform_, shared.medium)};
  storage_.storage_read_ = fabric_.add_channel(channel);
  std::swap(channel.from, channel.to);
  channel.capacity = shared.write;
  storage_.storage_write_ = fabric_.add_channel(channel);
}

std::uint32_t Storage::Builder::host_of(DeviceId cpu) {
  const auto [entry, is_new] = hosts_.try_emplace(cpu, static_cast<std::uint32_t>(storage_.hosts_.size()));
  if (is_new) storage_.hosts_.push_back({.cpu = cpu});
  return entry->second;
}

// CPUs that the fabric left out, since no path of a GPU crosses them: the node's sockets as one, or one for each of
// the GPUs' own.
DeviceId Storage::Builder::new_cpu(std::uint32_t node, std::size_t index, std::size_t hosts) {
  while (cpus_.size() < hosts) {
    const auto sockets = static_cast<std::uint32_t>(hosts_of(*storage_.nodes_[node].type) / hosts);
    cpus_.push_back(fabric_.add_device({.kind = DeviceKind::cpu, .node = node, .count = std::max(1U, sockets)}));
  }
  return cpus_[index];
}

void Storage::Builder::link_gpu(DeviceId gpu, std::size_t seat, const NodeSpec& type) {
  Link& link = storage_.links_[storage_.gpu_ordinals_[gpu.index()]];
  const std::uint32_t node = fabric_.device(gpu).node;
  const auto [up, down] = topology_.routing->host_link(gpu);
  if (!type.cpu_link_medium.empty()) {  // a superchip whose NICs hang on the GPUs
    const std::size_t hosts = hosts_of(type);
    const DeviceId cpu = new_cpu(node, seat * hosts / static_cast<std::size_t>(type.gpus), hosts);
    const auto [there, back] = join(cable(type.cpu_link_medium, type.cpu_link), gpu, cpu);
    link = {.host = host_of(cpu), .up = {there, ChannelId{}}, .down = {back, ChannelId{}}};
    return;
  }
  if (!up.valid()) {
    const DeviceId cpu = new_cpu(node, 0, 1);
    const auto [there, back] = join(cable(type.host_link_medium, type.host_link), gpu, cpu);
    link = {.host = host_of(cpu), .up = {there, ChannelId{}}, .down = {back, ChannelId{}}};
    return;
  }
  const DeviceId peer = fabric_.channel(up).to;
  if (fabric_.device(peer).kind == DeviceKind::cpu) {
    link = {.host = host_of(peer), .up = {up, ChannelId{}}, .down = {down, ChannelId{}}};
    return;
  }
  // GPU and NIC share a PCIe switch; the GPU's cable is one for both. Assumed: the switch is as wide towards the CPU as
  // towards its GPUs.
  const DeviceId cpu = new_cpu(node, 0, 1);
  const auto [entry, is_new] = uplinks_.try_emplace(peer);
  if (is_new) {
    Channel uplink = cable(type.host_link_medium, type.host_link);
    uplink.capacity *= static_cast<double>(type.gpus) / static_cast<double>(std::max(type.nics, 1));
    entry->second = join(uplink, peer, cpu);
  }
  link = {.host = host_of(cpu), .up = {up, entry->second.first}, .down = {entry->second.second, down}};
}

// Memory, drives and doors are spread over the hosts of a node. Kind by kind, for devices of a kind are numbered side
// by side.
void Storage::Builder::furnish(std::size_t number, std::size_t first_host) {
  const Node& node = storage_.nodes_[number];
  const NodeSpec& type = *node.type;
  const auto place = static_cast<std::uint32_t>(number);
  const std::span<Host> hosts = std::span(storage_.hosts_).subspan(first_host);
  const double share = 1.0 / static_cast<double>(hosts.size());
  if (type.host_memory_bandwidth > BytesPerSecond{}) {
    const BytesPerSecond each = type.host_memory_bandwidth * (share * stream_fraction);
    for (Host& host : hosts) host.dram = limit(host.cpu, DeviceKind::memory, place, each);
  }
  if (type.drives.count > 0) {
    for (Host& host : hosts) add_drives(host, type, place, share);
  }
  if (!platform_.storage.present()) return;
  for (Host& host : hosts) add_door(host, node, place, share);
  for (Host& host : hosts) add_cores(host, node, place, share);
}

void Storage::Builder::add_drives(Host& host, const NodeSpec& type, std::uint32_t number, double share) {
  const double drives = share * type.drives.count;
  Channel channel{.from = fabric_.add_device({.kind = DeviceKind::nvme, .node = number}),
                  .to = host.cpu,
                  .capacity = type.drives.read * drives,
                  .medium = medium_id(platform_, "pcie4-x16")};
  host.nvme_read = fabric_.add_channel(channel);
  std::swap(channel.from, channel.to);
  channel.capacity = type.drives.write * drives;
  host.nvme_write = fabric_.add_channel(channel);
}

void Storage::Builder::add_door(Host& host, const Node& node, std::uint32_t number, double share) {
  const NodeSpec& type = *node.type;
  const hardware::StorageSpec& shared = platform_.storage;
  const bool own = !shared.nic.empty();
  const BytesPerSecond nic = own ? shared.nic_bandwidth : type.nic.bandwidth;
  const double doors = share * (node.behind_dpu ? type.dpus : shared.nics);
  const BytesPerSecond port = node.behind_dpu ? type.dpu.bandwidth : nic;
  ensure(port > BytesPerSecond{}, "a node reaches shared storage through a NIC or a DPU of some bandwidth");
  const DeviceId door =
      fabric_.add_device({.kind = node.behind_dpu ? DeviceKind::dpu : DeviceKind::storage_nic, .node = number});
  const bool own_cable = type.nics_behind_cpu && !type.nic_link_medium.empty();
  const BytesPerSecond slot = own_cable ? type.nic_link : type.host_link;
  Channel bus = cable(own_cable ? type.nic_link_medium : type.host_link_medium, slot * doors);
  std::tie(host.door_out, host.door_in) = join(bus, host.cpu, door);
  const Channel network = cable(shared.medium, port * doors, own ? shared.nic_latency : type.nic.latency);
  std::tie(host.net_out, host.net_in) = join(network, door, switch_);
  host.door = door;
}

void Storage::Builder::add_cores(Host& host, const Node& node, std::uint32_t number, double share) {
  const NodeSpec& type = *node.type;
  const hardware::StorageSpec& shared = platform_.storage;
  const double rate = node.behind_dpu ? share * type.dpus * type.dpu.cores / shared.dpu_cores_per_gb_per_s
                                      : share * type.cpu_cores * shared.host_share / shared.host_cores_per_gb_per_s;
  if (rate <= 0) return;  // a node whose CPU is not known
  host.cores = limit(node.behind_dpu ? host.door : host.cpu, DeviceKind::cores, number, units::GB_per_s * rate);
}

}  // namespace aifsim::topology
