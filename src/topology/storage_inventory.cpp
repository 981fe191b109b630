#include "topology/summary.hpp"

namespace aifsim::topology {
namespace {

using hardware::NodeSpec;
using hardware::StorageSpec;

StorageCount memory_of(const NodeSpec& type, std::size_t nodes) {
  const auto all = static_cast<double>(nodes);
  return {.kind = "host-memory",
          .name = type.cpu,
          .node_type = type.name,
          .count = nodes,
          .capacity = type.host_memory * all,
          .read = type.host_memory_bandwidth * all,
          .write = type.host_memory_bandwidth * all,
          .latency = {}};
}

StorageCount drives_of(const NodeSpec& type, std::size_t nodes) {
  const std::size_t drives = nodes * static_cast<std::size_t>(type.drives.count);
  const auto all = static_cast<double>(drives);
  return {.kind = "local-drives",
          .name = {},
          .node_type = type.name,
          .count = drives,
          .capacity = type.drives.capacity * all,
          .read = type.drives.read * all,
          .write = type.drives.write * all,
          .latency = type.drives.latency};
}

StorageCount door(std::string kind, std::string name, const NodeSpec& type, std::size_t count, BytesPerSecond each) {
  const BytesPerSecond all = each * static_cast<double>(count);
  return {.kind = std::move(kind),
          .name = std::move(name),
          .node_type = type.name,
          .count = count,
          .capacity = {},
          .read = all,
          .write = all,
          .latency = {}};
}

void add_doors(const NodeSpec& type, const StorageSpec& shared, std::size_t nodes, std::vector<StorageCount>& counts) {
  if (type.dpus > 0) {
    counts.push_back(door("dpu", type.dpu.name, type, nodes * static_cast<std::size_t>(type.dpus), type.dpu.bandwidth));
  }
  if (!shared.present() || (type.dpus > 0 && shared.attach != StorageSpec::Attach::nic)) return;
  const bool own = !shared.nic.empty();
  counts.push_back(door("storage-nic", own ? shared.nic : type.nic.name, type,
                        nodes * static_cast<std::size_t>(shared.nics),
                        own ? shared.nic_bandwidth : type.nic.bandwidth));
}

}  // namespace

std::vector<StorageCount> count_storage(const hardware::Platform& platform) {
  std::vector<StorageCount> counts;
  for (const hardware::NodeGroup& group : platform.groups) {
    const NodeSpec& type = *group.type;
    const std::size_t nodes = static_cast<std::size_t>(group.count) * static_cast<std::size_t>(type.nodes_per_domain);
    if (type.host_memory > Bytes{}) counts.push_back(memory_of(type, nodes));
    if (type.drives.count > 0) counts.push_back(drives_of(type, nodes));
    add_doors(type, platform.storage, nodes, counts);
  }
  const StorageSpec& shared = platform.storage;
  if (shared.present()) {
    counts.push_back({.kind = "shared-storage",
                      .name = {},
                      .node_type = {},
                      .count = 1,
                      .capacity = shared.capacity,
                      .read = shared.read,
                      .write = shared.write,
                      .latency = shared.latency});
  }
  return counts;
}

}  // namespace aifsim::topology
