// Drives and DPUs of a node, and the storage of a platform, as files describe them.
#include <array>

#include "hardware/node_catalog_parts.hpp"
#include "hardware/scale_out_reader.hpp"

namespace aifsim::hardware {
namespace {

constexpr config::Range parts{.min = 1, .max = 1024};

void must_be_positive(const config::Node& node, BytesPerSecond value) {
  if (value <= BytesPerSecond{}) node.problem("more than 0", "0");
}

void read_host(const config::Node& host, StorageSpec& storage) {
  if (!host) return;
  storage.host_cores_per_gb_per_s =
      host.optional("cores_per_gb_per_s").number_or(storage.host_cores_per_gb_per_s, {.min = 1e-6, .max = 1e3});
  storage.host_share = host.optional("share").number_or(storage.host_share, {.min = 1e-3, .max = 1});
  storage.host_latency = host.optional("latency").seconds_or(storage.host_latency);
  host.finish();
}

void read_dpu_work(const config::Node& dpu, StorageSpec& storage) {
  if (!dpu) return;
  storage.dpu_cores_per_gb_per_s =
      dpu.optional("cores_per_gb_per_s").number_or(storage.dpu_cores_per_gb_per_s, {.min = 1e-6, .max = 1e3});
  storage.dpu_latency_factor =
      dpu.optional("latency_factor").number_or(storage.dpu_latency_factor, {.min = 0, .max = 10});
  dpu.finish();
}

void check_attach(const config::Node& storage, const Platform& platform) {
  for (const NodeGroup& group : platform.groups) {
    const bool reaches = group.type->dpus > 0 || group.type->nics > 0 || !platform.storage.nic.empty();
    if (!reaches) storage.problem("`nic`, for " + group.type->name + " has neither NICs nor DPUs", "nothing");
    if (platform.storage.attach == StorageSpec::Attach::dpu && group.type->dpus == 0) {
      storage.optional("attach").problem("node types with `dpus`", group.type->name + ", which has none",
                                         "give it some with nodes.dpus: {type: bluefield3, count: 1}");
    }
  }
}

}  // namespace

void read_dpus(const config::Node& dpus, NodeSpec& node) {
  if (!dpus) return;
  node.dpu = read_dpu(dpus.required("type"));
  node.dpus = static_cast<int>(dpus.required("count").integer({.min = 0, .max = parts.max}));
  dpus.finish();
}

void read_drives(const config::Node& nvme, NodeSpec& node) {
  if (!nvme) return;
  DriveSpec& drives = node.drives;
  drives.count = static_cast<int>(nvme.required("count").integer(parts));
  drives.capacity = nvme.required("capacity").bytes();
  const config::Node read = nvme.required("read"), write = nvme.required("write");
  drives.read = read.bandwidth();
  drives.write = write.bandwidth();
  drives.latency = nvme.required("latency").seconds();
  must_be_positive(read, drives.read);
  must_be_positive(write, drives.write);
  nvme.finish();
}

void read_storage(const config::Node& node, Platform& platform) {
  if (!node) return;
  StorageSpec& storage = platform.storage;
  storage.capacity = node.required("capacity").bytes();
  const config::Node read = node.required("read"), write = node.required("write");
  storage.read = read.bandwidth();
  storage.write = write.bandwidth();
  must_be_positive(read, storage.read);
  must_be_positive(write, storage.write);
  storage.latency = node.required("latency").seconds();
  const config::Node medium = node.optional("medium");
  storage.medium = medium ? read_medium_name(medium, media_names(platform.media)) : "pluggable-dr4";
  static constexpr std::array<std::string_view, 2> ways{"nic", "dpu"};
  if (const config::Node attach = node.optional("attach")) {
    storage.attach = attach.choice(ways) == 0 ? StorageSpec::Attach::nic : StorageSpec::Attach::dpu;
  }
  if (const config::Node name = node.optional("nic")) {
    const NicSpec nic = read_nic(name);
    storage.nic = nic.name;
    storage.nic_bandwidth = nic.bandwidth;
    storage.nic_latency = nic.latency;
    add_source(platform, nic.name, nic.source);
  }
  storage.nics = static_cast<int>(node.optional("nics").integer_or(1, parts));
  read_host(node.optional("host"), storage);
  read_dpu_work(node.optional("dpu"), storage);
  if (const config::Node source = node.optional("source")) platform.sources.push_back("storage: " + source.text());
  node.finish();
  check_attach(node, platform);
}

}  // namespace aifsim::hardware
