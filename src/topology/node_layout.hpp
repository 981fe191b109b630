// The inside of the nodes: GPUs, NVLink domain, CPUs, NICs. Devices and channels of equal nodes lie at equal distances,
// so that every id is found by arithmetic.
#pragma once

#include <cstdint>
#include <vector>

#include "topology/fabric.hpp"
#include "topology/scale_out_network.hpp"

namespace aifsim::topology {

// Where the nodes of one group lie in the fabric.
struct GroupLayout {
  std::size_t first_device = 0, first_channel = 0, first_node = 0, first_nic = 0, first_gpu = 0;
  std::size_t first_domain = 0;  // NVLink domain number
  std::size_t domains = 0;       // NVLink domains; nodes where there is no NVLink
  std::size_t nodes = 1;         // of one domain
  std::size_t gpus = 0, hosts = 0, nics = 0,
              cpus = 0;  // of one node; hosts: CPU devices on the GPUs' way to their NICs
  bool nvlink = false, nvswitch = false;
  std::size_t planes = 1;      // first-tier NVLink switches of a domain, each set of chips one device
  std::size_t plane_gpus = 0;  // on one of them
  BytesPerSecond nic_bandwidth;

  explicit GroupLayout(const hardware::NodeGroup& group);
  [[nodiscard]] std::size_t node_devices() const { return gpus + hosts + nics; }
  [[nodiscard]] std::size_t domain_devices() const { return nodes * node_devices() + switch_devices(); }
  // A second tier joins the planes where there are several.
  [[nodiscard]] std::size_t switch_devices() const { return !nvswitch ? 0 : planes > 1 ? planes + 1 : 1; }
  [[nodiscard]] std::size_t plane_of(std::size_t domain_gpu) const { return domain_gpu / plane_gpus; }
  [[nodiscard]] std::size_t domain_gpus() const { return nodes * gpus; }
  [[nodiscard]] std::size_t nvlink_channels() const;
  [[nodiscard]] std::size_t node_channels() const;  // GPU – CPU – NIC
  [[nodiscard]] std::size_t domain_channels() const { return nvlink_channels() + nodes * node_channels(); }
  [[nodiscard]] std::size_t nic_of(std::size_t gpu) const { return gpu * nics / gpus; }
  [[nodiscard]] std::size_t host_of_gpu(std::size_t gpu) const { return gpu * hosts / gpus; }
  [[nodiscard]] std::size_t host_of_nic(std::size_t nic) const { return nic * hosts / nics; }
};

struct GpuPlace {
  const GroupLayout* group = nullptr;
  std::size_t domain = 0;  // in the group
  std::size_t node = 0;    // in the domain
  std::size_t gpu = 0;     // in the node
  [[nodiscard]] std::size_t domain_gpu() const { return node * group->gpus + gpu; }
};

class NodeLayout {
 public:
  // Adds all nodes to the fabric.
  NodeLayout(const hardware::Platform& platform, Fabric& fabric);

  [[nodiscard]] GpuPlace locate(DeviceId gpu) const;
  [[nodiscard]] std::size_t first_node_of_domain(const GpuPlace& place) const {
    return place.group->first_node + place.domain * place.group->nodes;
  }
  [[nodiscard]] std::size_t node_count() const { return nodes_; }
  [[nodiscard]] std::size_t gpu_count() const { return gpus_; }
  [[nodiscard]] std::size_t nic_count() const { return nics_; }
  [[nodiscard]] std::size_t rails() const { return rails_; }  // most NICs in any node
  [[nodiscard]] std::uint32_t nvlink_domain(const GpuPlace& place) const;
  [[nodiscard]] ChannelId nvlink_up(const GpuPlace& place) const;
  [[nodiscard]] ChannelId nvlink_down(const GpuPlace& place) const;
  // GPU to CPU or NIC, and back; invalid without either.
  [[nodiscard]] static std::pair<ChannelId, ChannelId> host_link(const GpuPlace& place);
  // visit(NicPlace, bandwidth) for every scale-out NIC in order of its ordinal.
  template <typename Visitor>
  void for_each_nic(Visitor visit) const {
    for (const GroupLayout& group : groups_) {
      for (std::size_t nic = 0; nic < group.domains * group.nodes * group.nics; ++nic)
        visit(nic_place(group, nic), group.nic_bandwidth);
    }
  }
  // The GPU of the same node at the same seat of another NIC.
  [[nodiscard]] static GpuPlace at_nic(const GpuPlace& place, std::size_t nic);
  [[nodiscard]] NicPlace nic_of(const GpuPlace& place) const;  // its device is invalid when the node has none

  // Appends the path and says true when the two GPUs reach each other without a NIC.
  bool append_inside(const GpuPlace& from, const GpuPlace& to, std::vector<ChannelUse>& path) const;
  void append_to_nic(const GpuPlace& from, std::vector<ChannelUse>& path) const;
  void append_from_nic(const GpuPlace& to, std::vector<ChannelUse>& path) const;

 private:
  [[nodiscard]] static NicPlace nic_place(const GroupLayout& group, std::size_t nic_in_group);
  [[nodiscard]] static std::size_t nvlink_base(const GpuPlace& place);
  [[nodiscard]] static std::size_t node_base(const GpuPlace& place);
  std::vector<GroupLayout> groups_;
  std::size_t nodes_ = 0, gpus_ = 0, nics_ = 0, rails_ = 0;
};

}  // namespace aifsim::topology
