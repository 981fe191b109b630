#include "hardware/platform.hpp"

#include <algorithm>
#include <filesystem>

#include "hardware/node_catalog_parts.hpp"
#include "hardware/scale_out_reader.hpp"

namespace aifsim::hardware {
namespace {

constexpr std::int64_t most_nodes = 10'000'000;
constexpr std::int64_t most_gpus = 20'000'000;  // ids have 32 bits, and a GPU takes a dozen channels

// A group may swap single parts of its node type.
std::shared_ptr<const NodeSpec> with_changes(const config::Node& entry, std::shared_ptr<const NodeSpec> type) {
  const config::Node gpu = entry.optional("gpu");
  const config::Node nic = entry.optional("nic");
  const config::Node dpus = entry.optional("dpus"), nvme = entry.optional("nvme");
  if (!type || (!gpu && !nic && !dpus && !nvme)) return type;
  auto changed = std::make_shared<NodeSpec>(*type);
  if (gpu) changed->gpu = read_gpu(gpu);
  if (nic) {
    changed->nic = read_nic(nic);
    if (changed->nics == 0) nic.problem("a node type with NICs", type->name);
  }
  read_dpus(dpus, *changed);
  read_drives(nvme, *changed);
  const bool known = gpu && changed->gpu && !changed->gpu->name.empty();
  if (known && !changed->nvlink_medium.empty() && changed->gpu->nvlink == BytesPerSecond{}) {
    gpu.problem("a GPU with NVLink for " + type->name, changed->gpu->name + ", which has none");
  }
  return changed;
}

void read_group(const config::Node& entry, Platform& platform) {
  NodeGroup group;
  group.type = with_changes(entry, read_node_type(entry.required("type")));
  group.count = static_cast<int>(entry.required("count").integer({.min = 1, .max = static_cast<double>(most_nodes)}));
  entry.finish();
  if (!group.type || !group.type->gpu) return;
  add_source(platform, group.type->name, group.type->source);
  add_source(platform, group.type->gpu->name, group.type->gpu->source);
  add_source(platform, group.type->nic.name, group.type->nic.source);
  platform.groups.push_back(std::move(group));
}

void read_nodes(const config::Node& nodes, Platform& platform) {
  if (!nodes) return;
  if (nodes.is_list()) {
    for (const config::Node& entry : nodes.items()) read_group(entry, platform);
    if (nodes.items().empty()) nodes.problem("at least one node group", "an empty list");
  } else {
    read_group(nodes, platform);
  }
  std::int64_t gpus = 0;
  for (const NodeGroup& group : platform.groups) gpus += std::int64_t{group.count} * group.type->domain_gpus();
  if (gpus > most_gpus) nodes.problem("at most " + std::to_string(most_gpus) + " GPUs", std::to_string(gpus));
}

}  // namespace

void add_source(Platform& platform, const std::string& name, const std::string& source) {
  if (name.empty()) return;
  const std::string line = name + ": " + source;
  if (std::find(platform.sources.begin(), platform.sources.end(), line) == platform.sources.end()) {
    platform.sources.push_back(line);
  }
}

int Platform::gpu_count() const {
  int gpus = 0;
  for (const NodeGroup& group : groups) gpus += group.count * group.type->domain_gpus();
  return gpus;
}

const SwitchSpec& ScaleOut::tier_switch(std::size_t tier) const {
  for (std::size_t boundary = std::min(tier, tiers.size()); boundary > 0; --boundary) {
    if (tiers[boundary - 1].switches) return *tiers[boundary - 1].switches;
  }
  return switches;
}

double ScaleOut::oversubscription(std::size_t boundary) const {
  if (tiers.empty()) return 1;
  return tiers[std::min(boundary, tiers.size() - 1)].oversubscription;
}

Platform read_platform(const config::Document& document) {
  const config::Node root = document.root();
  Platform platform;
  platform.file = document.file();
  platform.name = std::filesystem::path(document.file()).stem().string();
  platform.description = root.optional("description").text_or("");
  platform.media = read_media();
  for (const config::Node& source : root.optional("sources").items()) platform.sources.push_back(source.text());
  read_nodes(root.required("nodes"), platform);
  read_scale_out(root.optional("scale_out"), platform);
  read_storage(root.optional("storage"), platform);
  read_faults(root.optional("faults"), platform);
  root.finish();
  return platform;
}

}  // namespace aifsim::hardware
