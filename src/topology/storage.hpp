// Memory, drives and shared storage as devices of the fabric, and the ways of data between them and the GPUs.
//
// They lie behind everything else in the fabric, so that the ids of all other devices and channels stay what they are,
// and are added only for those who ask.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "topology/fabric.hpp"

namespace aifsim::topology {

// Where data can be, the fastest first.
enum class DataPlace : std::uint8_t { gpu, host, nvme, network };
inline constexpr std::array<std::string_view, 4> data_place_names{"hbm", "host", "nvme", "network"};

class Storage {
 public:
  Storage(const hardware::Platform& platform, Topology& topology);

  // Is there such a place in (or for) this node? How much does it hold?
  [[nodiscard]] bool has(std::size_t node, DataPlace place) const { return capacity(node, place) > Bytes{}; }
  [[nodiscard]] Bytes capacity(std::size_t node, DataPlace place) const;
  // Appends the channels from one place to another, both seen from this GPU. All but the copies inside a GPU stage in
  // the memory of the GPU's host. A channel that is crossed twice has multiplicity 2. The places differ.
  void append_path(DeviceId gpu, DataPlace from, DataPlace to, std::vector<ChannelUse>& path) const;
  // Of devices and software, beside the path's own; once for each end that is not memory.
  [[nodiscard]] Seconds latency(std::size_t node, DataPlace from, DataPlace to) const;
  // Cores of this node's host, or DPUs, that are busy while it moves 1 byte a second to or from shared storage.
  [[nodiscard]] double host_cores_per(std::size_t node, BytesPerSecond rate) const;
  [[nodiscard]] double dpu_cores_per(std::size_t node, BytesPerSecond rate) const;

 private:
  // A host's part of its node: its memory, drives and doors to shared storage.
  struct Host {
    DeviceId cpu, door;  // door: storage NIC or DPU
    ChannelId dram;      // both directions: reads and writes share a memory bus
    ChannelId cores;     // the same: of whoever processes storage traffic
    ChannelId nvme_read, nvme_write;
    ChannelId door_in, door_out;  // between the storage NIC or DPU and the host
    ChannelId net_in, net_out;    // between it and the storage switch
  };
  // The way between a GPU and its host.
  struct Link {
    std::uint32_t host = 0;
    std::array<ChannelId, 2> up, down;  // in order; the second may be invalid
  };
  struct Node {
    const hardware::NodeSpec* type = nullptr;
    bool behind_dpu = false;
  };
  class Builder;
  void append_leg(const Link& link, DataPlace place, bool to_host, std::vector<ChannelUse>& path) const;

  hardware::StorageSpec shared_;
  std::vector<Node> nodes_;
  std::vector<Host> hosts_;
  std::vector<Link> links_;                  // by GPU
  std::vector<std::uint32_t> gpu_ordinals_;  // by device, for GPUs' devices
  ChannelId storage_read_, storage_write_;
};

// Adds them to the topology, once.
void add_storage(const hardware::Platform& platform, Topology& topology);

}  // namespace aifsim::topology
