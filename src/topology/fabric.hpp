// The cluster as a graph of real parts: devices are vertices, channels are directed edges with a capacity.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "hardware/platform.hpp"

namespace aifsim::topology {

enum class DeviceKind : std::uint8_t {
  gpu,
  cpu,
  nic,
  dpu,
  nvswitch,
  pcie_switch,
  leaf,
  spine,
  core,
  ocs,
  storage,
  // Added for those who ask for storage alone: see add_storage().
  memory,
  cores,  // of a host or a DPU, busy with storage
  nvme,
  storage_nic,
  storage_switch
};
inline constexpr std::size_t device_kinds = 16;
[[nodiscard]] std::string_view name_of(DeviceKind kind);

// 16 bytes: a million GPUs have several million of these.
struct Device {
  DeviceKind kind = DeviceKind::gpu;
  std::uint32_t ordinal = 0;  // among devices of its kind in the whole fabric, from 0
  std::uint32_t node = ~0u;   // the node it sits in; ~0 for switches outside nodes
  std::uint32_t count = 1;    // identical switches that adaptive routing makes one (a pod's spines)
};

struct Channel {
  DeviceId from{}, to{};
  BytesPerSecond capacity{};  // payload, all `lanes` together
  Seconds latency{};          // until the first byte leaves `to`'s far side: the switch or NIC at the end included
  MediumId medium{};
  std::uint32_t lanes = 1;  // parallel links that adaptive routing makes one
};

class Fabric {
 public:
  Fabric() = default;
  DeviceId add_device(Device device);  // numbers it: `ordinal` is set here
  ChannelId add_channel(Channel channel);
  std::pair<ChannelId, ChannelId> add_duplex(Channel channel);  // and its opposite
  void reserve(std::size_t devices, std::size_t channels);      // room for this many more
  void set_media(std::vector<hardware::LinkMedium> media);
  void scale_capacity(ChannelId id, double factor);
  [[nodiscard]] DeviceId find(std::string_view name) const;  // as name() prints it; invalid when there is none

  [[nodiscard]] std::span<const Device> devices() const;
  [[nodiscard]] std::span<const Channel> channels() const;
  [[nodiscard]] const Device& device(DeviceId id) const;
  [[nodiscard]] const Channel& channel(ChannelId id) const;
  [[nodiscard]] std::span<const hardware::LinkMedium> media() const;
  [[nodiscard]] std::size_t gpu_count() const;
  [[nodiscard]] DeviceId gpu(std::size_t index) const;  // global GPU index: node by node
  [[nodiscard]] std::string name(DeviceId id) const;    // "node3/gpu5", "leaf12", "spine0"
  [[nodiscard]] std::string name(ChannelId id) const;   // "leaf12→spine0"

 private:
  std::vector<Device> devices_;
  std::vector<Channel> channels_;
  std::vector<DeviceId> gpus_;
  std::vector<std::uint32_t> kind_counts_;
  std::vector<hardware::LinkMedium> media_;
};

// Where a flow goes, computed on request and never stored for all pairs.
class Routing {
 public:
  virtual ~Routing() = default;
  // Appends the channels from GPU `source` to GPU `destination` in order, multiplicity 1 (less where sprayed).
  // `flow` picks among equal-cost paths under ECMP. Within an NVLink domain the path is GPU→NVSwitch→GPU; across, GPU →
  // its NIC → leaf → … → NIC → GPU. A pair without a path is a ConfigError.
  virtual void append_path(DeviceId source, DeviceId destination, std::uint64_t flow,
                           std::vector<ChannelUse>& path) const = 0;
  // GPU to its NVSwitch plane and back: the ports that in-switch reductions (NVLS) load. Invalid without an NVSwitch.
  [[nodiscard]] virtual ChannelId nvlink_up(DeviceId gpu) const = 0;
  [[nodiscard]] virtual ChannelId nvlink_down(DeviceId gpu) const = 0;
  // NVLink domain number of a GPU; two GPUs with equal numbers reach each other over NVLink.
  [[nodiscard]] virtual std::uint32_t nvlink_domain(DeviceId gpu) const = 0;
  // The first cable of a GPU towards its host or NIC, and its opposite; invalid when it has none.
  [[nodiscard]] virtual std::pair<ChannelId, ChannelId> host_link(DeviceId /*gpu*/) const { return {}; }
  // The scale-out NIC a GPU uses; invalid when its node has none.
  [[nodiscard]] virtual DeviceId nic_of(DeviceId gpu) const;
  // Shortest paths between two GPUs that differ in a switch, also where switches are merged.
  [[nodiscard]] virtual std::size_t path_diversity(DeviceId source, DeviceId destination) const;
  // The halves of the cluster with the least capacity between them.
  [[nodiscard]] virtual bool in_first_half(DeviceId gpu) const;
  // What optical circuits carry from one half to the other; nothing where the graph tells it.
  [[nodiscard]] virtual std::optional<BytesPerSecond> circuit_cut() const { return std::nullopt; }
};

// How many switches of one tier the plan needs (physical, also when merged): leaf, spine, core, …
struct TierCount {
  std::string tier;
  std::size_t switches = 0;
  int ports = 0;
  hardware::SwitchSpec model{};
  double oversubscription = 0;  // of one switch: capacity below / capacity above; 0 where nothing is above
};

// Optical circuits between the NICs of a rail, for those who lay down communication.
struct Circuits {
  std::size_t ports = 2;  // of one NIC
  Seconds turning_time;
  bool turning = false;  // set anew for each phase; else once for the job
  bool ahead = true;     // of the next phase: as soon as the last one has ended
};

class Storage;

struct Topology {
  Fabric fabric;
  std::unique_ptr<Routing> routing;
  std::shared_ptr<const Storage> storage;  // null until add_storage()
  std::vector<TierCount> tiers;
  std::shared_ptr<const std::vector<bool>> dead_channels;  // by channel; null when none is
  std::vector<std::pair<DeviceId, double>> slow_gpus;      // by id
  std::optional<Circuits> circuits;
  std::vector<std::string> notes;                  // what was done about faults, for the report
  [[nodiscard]] double speed(DeviceId gpu) const;  // of its kernels: 1 is as its kind
  [[nodiscard]] bool alive(ChannelId channel) const { return !dead_channels || !(*dead_channels)[channel.index()]; }
};

// Builds what the platform describes, with the faults that are in force at `when`. `platform_key`-level mistakes (a
// tree that cannot be built) are ConfigErrors. Ids do not depend on faults.
[[nodiscard]] Topology build(const hardware::Platform& platform, Seconds when = {});

// For `aifsim list topologies`.
[[nodiscard]] std::vector<hardware::CatalogEntry> list_topologies();

}  // namespace aifsim::topology
