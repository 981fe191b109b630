// Adds the devices and channels of Storage to the fabric.
#pragma once

#include <map>
#include <string>

#include "topology/storage.hpp"

namespace aifsim::topology {

class Storage::Builder {
 public:
  Builder(const hardware::Platform& platform, Topology& topology, Storage& storage)
      : platform_(platform), topology_(topology), fabric_(topology.fabric), storage_(storage) {}
  void add();

 private:
  void add_shared();
  void link_gpu(DeviceId gpu, std::size_t seat, const hardware::NodeSpec& type);
  [[nodiscard]] std::uint32_t host_of(DeviceId cpu);
  [[nodiscard]] DeviceId new_cpu(std::uint32_t node, std::size_t index, std::size_t hosts);
  void furnish(std::size_t node, std::size_t first_host);
  void add_drives(Host& host, const hardware::NodeSpec& type, std::uint32_t number, double share);
  void add_cores(Host& host, const Node& node, std::uint32_t number, double share);
  void add_door(Host& host, const Node& node, std::uint32_t number, double share);
  // A cable as the catalogue knows it.
  [[nodiscard]] Channel cable(const std::string& medium, BytesPerSecond nominal, Seconds arrival = {}) const;
  // Something inside a device that has a limit, as a channel to a device of its own.
  [[nodiscard]] ChannelId limit(DeviceId from, DeviceKind kind, std::uint32_t node, BytesPerSecond capacity);
  std::pair<ChannelId, ChannelId> join(Channel channel, DeviceId from, DeviceId to);

  const hardware::Platform& platform_;
  Topology& topology_;
  Fabric& fabric_;
  Storage& storage_;
  DeviceId switch_;
  std::map<DeviceId, std::uint32_t> hosts_;                      // by CPU, of the node at hand
  std::map<DeviceId, std::pair<ChannelId, ChannelId>> uplinks_;  // by NIC, the same
  std::vector<DeviceId> cpus_;                                   // new ones, the same
};

}  // namespace aifsim::topology
