#include "hardware/platform.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "hardware/node_catalog_parts.hpp"

namespace aifsim::hardware {
namespace {

constexpr std::int64_t most_nodes = 10'000'000;
constexpr std::int64_t most_gpus = 20'000'000;  // ids have 32 bits, and a GPU takes a dozen channels

// NVIDIA's figure for Spectrum-X with adaptive routing on Colossus (95 % of line rate; press release of October 2024).
// Under ECMP nothing is taken off: its collisions are simulated.
constexpr double adaptive_load_balance = 0.95;

void add_source(Platform& platform, const std::string& name, const std::string& source) {
  if (name.empty()) return;
  const std::string line = name + ": " + source;
  if (std::find(platform.sources.begin(), platform.sources.end(), line) == platform.sources.end()) {
    platform.sources.push_back(line);
  }
}

// A group may swap single parts of its node type.
std::shared_ptr<const NodeSpec> with_changes(const config::Node& entry, std::shared_ptr<const NodeSpec> type) {
  const config::Node gpu = entry.optional("gpu");
  const config::Node nic = entry.optional("nic");
  if (!type || (!gpu && !nic)) return type;
  auto changed = std::make_shared<NodeSpec>(*type);
  if (gpu) changed->gpu = read_gpu(gpu);
  if (nic) {
    changed->nic = read_nic(nic);
    if (changed->nics == 0) nic.problem("a node type with NICs", type->name);
  }
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

std::string usual_switch(const Platform& platform) {
  for (const NodeGroup& group : platform.groups) {
    if (!group.type->nic.usual_switch.empty()) return group.type->nic.usual_switch;
  }
  return {};
}

SwitchSpec read_leaf_switch(const config::Node& scale_out, const Platform& platform) {
  const std::string usual = usual_switch(platform);
  if (scale_out.has("switch") || usual.empty()) return read_switch(scale_out.required("switch"));
  const config::Document document = config::Document::parse("switch: " + usual, "the NIC's usual switch");
  SwitchSpec spec = read_switch(document.root().required("switch"));
  document.check();
  return spec;
}

void read_tiers(const config::Node& tiers, ScaleOut& network, Platform& platform) {
  for (const config::Node& entry : tiers.items()) {
    TierSpec tier;
    tier.oversubscription = entry.optional("oversubscription").number_or(1, {.min = 1, .max = 1000});
    if (const config::Node above = entry.optional("switch")) {
      tier.switches = read_switch(above);
      add_source(platform, tier.switches->name, tier.switches->source);
    }
    entry.finish();
    network.tiers.push_back(std::move(tier));
  }
}

// DAC and AEC reach a rack's own switch, fibre a row's end: media.yaml's latencies assume the same lengths.
CableLengths read_layout(const config::Node& layout, const ScaleOut& network) {
  constexpr config::Range metres{.min = 0.1, .max = 100'000};
  const bool switch_in_rack = network.kind == ScaleOutKind::fat_tree && network.unit_nodes > 0;
  CableLengths lengths;
  if (switch_in_rack) lengths.leaf = 2;
  if (!layout) return lengths;
  lengths.leaf = layout.optional("leaf_m").number_or(lengths.leaf, metres);
  lengths.spine = layout.optional("spine_m").number_or(lengths.spine, metres);
  lengths.core = layout.optional("core_m").number_or(lengths.core, metres);
  layout.finish();
  return lengths;
}

void check_nics(const config::Node& scale_out, const Platform& platform) {
  for (const NodeGroup& group : platform.groups) {
    if (group.type->nics == 0) {
      scale_out.required("topology")
          .problem("NICs in every node type of a joined platform", group.type->name + " without");
    }
  }
}

void read_scale_out(const config::Node& scale_out, Platform& platform) {
  static constexpr std::array<std::string_view, 3> kinds{"none", "fat-tree", "rail-optimized"};
  static constexpr std::array<std::string_view, 2> routings{"adaptive", "ecmp"};
  ScaleOut& network = platform.scale_out;
  if (!scale_out) return;
  network.kind = static_cast<ScaleOutKind>(scale_out.required("topology").choice(kinds));
  network.routing = static_cast<RoutingKind>(scale_out.optional("routing").choice_or(0, routings));
  const double usual_balance = network.routing == RoutingKind::adaptive ? adaptive_load_balance : 1.0;
  network.load_balance = scale_out.optional("load_balance").number_or(usual_balance, {.min = 0.01, .max = 1});
  const std::vector<std::string> media = media_names(platform.media);
  const config::Node medium = scale_out.optional("medium");
  const config::Node trunk = scale_out.optional("trunk_medium");
  network.medium = medium ? read_medium_name(medium, media) : "pluggable-dr4";
  network.trunk_medium = trunk ? read_medium_name(trunk, media) : network.medium;
  constexpr config::Range node_range{.min = 1, .max = static_cast<double>(most_nodes)};
  network.unit_nodes = static_cast<int>(scale_out.optional("unit_nodes").integer_or(0, node_range));
  network.pod_nodes = static_cast<int>(scale_out.optional("pod_nodes").integer_or(0, node_range));
  read_tiers(scale_out.optional("tiers"), network, platform);
  network.layout = read_layout(scale_out.optional("layout"), network);
  if (network.kind != ScaleOutKind::none && !platform.groups.empty()) {
    check_nics(scale_out, platform);
    network.switches = read_leaf_switch(scale_out, platform);
    add_source(platform, network.switches.name, network.switches.source);
  } else {
    static_cast<void>(scale_out.optional("switch"));
  }
  scale_out.finish();
}

}  // namespace

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
  root.finish();
  return platform;
}

}  // namespace aifsim::hardware
