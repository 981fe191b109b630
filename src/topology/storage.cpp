#include "topology/storage.hpp"

#include <utility>

#include "base/error.hpp"
#include "topology/storage_builder.hpp"

namespace aifsim::topology {

Storage::Storage(const hardware::Platform& platform, Topology& topology) : shared_(platform.storage) {
  Builder(platform, topology, *this).add();
}

Bytes Storage::capacity(std::size_t node, DataPlace place) const {
  const hardware::NodeSpec& type = *nodes_[node].type;
  switch (place) {
    case DataPlace::gpu: return type.gpu->memory * static_cast<double>(type.gpus);
    case DataPlace::host: return type.host_memory_bandwidth > BytesPerSecond{} ? type.host_memory : Bytes{};
    case DataPlace::nvme: return type.drives.capacity * static_cast<double>(type.drives.count);
    case DataPlace::network: return shared_.capacity;
  }
  throw InternalError("a place without capacity");
}

// Between a place and the memory of the host.
void Storage::append_leg(const Link& link, DataPlace place, bool to_host, std::vector<ChannelUse>& path) const {
  const Host& host = hosts_[link.host];
  const auto go = [&path](ChannelId channel) {
    if (channel.valid()) path.push_back({channel});
  };
  switch (place) {
    case DataPlace::host: return;
    case DataPlace::gpu:
      for (const ChannelId channel : to_host ? link.up : link.down) go(channel);
      return;
    case DataPlace::nvme: return go(to_host ? host.nvme_read : host.nvme_write);
    case DataPlace::network:
      if (to_host) {
        for (const ChannelId channel : {storage_read_, host.net_in, host.door_in, host.cores}) go(channel);
      } else {
        for (const ChannelId channel : {host.cores, host.door_out, host.net_out, storage_write_}) go(channel);
      }
      return;
  }
}

void Storage::append_path(DeviceId gpu, DataPlace from, DataPlace to, std::vector<ChannelUse>& path) const {
  ensure(from != to, "data moves between two places");
  const Link& link = links_[gpu_ordinals_[gpu.index()]];
  append_leg(link, from, true, path);
  const double stops = from == DataPlace::host || to == DataPlace::host ? 1 : 2;  // written to memory, and read
  if (hosts_[link.host].dram.valid()) path.push_back({hosts_[link.host].dram, stops});
  append_leg(link, to, false, path);
}

Seconds Storage::latency(std::size_t node, DataPlace from, DataPlace to) const {
  Seconds sum;
  for (const DataPlace place : {from, to}) {
    if (place == DataPlace::nvme) sum += nodes_[node].type->drives.latency;
    if (place == DataPlace::network) {
      sum += shared_.latency + shared_.host_latency * (nodes_[node].behind_dpu ? shared_.dpu_latency_factor : 1);
    }
  }
  return sum;
}

double Storage::host_cores_per(std::size_t node, BytesPerSecond rate) const {
  return nodes_[node].behind_dpu ? 0 : shared_.host_cores_per_gb_per_s * rate.in(units::GB_per_s);
}

double Storage::dpu_cores_per(std::size_t node, BytesPerSecond rate) const {
  return nodes_[node].behind_dpu ? shared_.dpu_cores_per_gb_per_s * rate.in(units::GB_per_s) : 0;
}

void add_storage(const hardware::Platform& platform, Topology& topology) {
  if (topology.storage) return;
  topology.storage = std::make_shared<const Storage>(platform, topology);
  if (!topology.dead_channels) return;
  std::vector<bool> dead = *topology.dead_channels;
  dead.resize(topology.fabric.channels().size(), false);
  topology.dead_channels = std::make_shared<const std::vector<bool>>(std::move(dead));
}

}  // namespace aifsim::topology
