#include "hardware/scale_out_reader.hpp"

#include <algorithm>
#include <array>

#include "hardware/node_catalog_parts.hpp"

namespace aifsim::hardware {
namespace {

constexpr double most_nodes = 10'000'000;

// NVIDIA's figure for Spectrum-X with adaptive routing on Colossus (95 % of line rate; press release of October 2024).
// Under ECMP nothing is taken off: its collisions are simulated.
constexpr double adaptive_load_balance = 0.95;

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

// What a topology is, as far as its keys go.
struct Kind {
  std::string_view name;
  std::vector<RoutingKind> routings;  // the usual one first
};
const std::vector<Kind>& kinds() {
  using enum RoutingKind;
  static const std::vector<Kind> all{{"none", {adaptive, ecmp}},
                                     {"fat-tree", {adaptive, ecmp, rail_aligned}},
                                     {"rail-optimized", {adaptive, ecmp, rail_aligned}},
                                     {"rail-only", {rail_aligned}},
                                     {"dual-plane", {adaptive, ecmp, rail_aligned}},
                                     {"torus", {dimension_order, ecmp, adaptive}},
                                     {"hyperx", {dimension_order, ecmp, adaptive}},
                                     {"full-mesh", {dimension_order, ecmp, adaptive}},
                                     {"dragonfly", {adaptive, ecmp}},
                                     {"dragonfly-plus", {adaptive, ecmp}},
                                     {"ocs-rails", {static_circuits}},
                                     {"edge-list", {adaptive, ecmp}}};
  return all;
}
constexpr std::array<std::string_view, 5> routing_names{"adaptive", "ecmp", "dimension-order", "rail-aligned",
                                                        "static-circuits"};

RoutingKind read_routing(const config::Node& routing, const Kind& kind) {
  std::vector<std::string_view> names;
  for (const RoutingKind allowed : kind.routings) names.push_back(routing_names[static_cast<std::size_t>(allowed)]);
  return kind.routings[routing.choice_or(0, names)];
}

int whole(const config::Node& node, int fallback, double min = 1, double max = 1e6) {
  return static_cast<int>(node.integer_or(fallback, {.min = min, .max = max}));
}

std::vector<int> read_dims(const config::Node& dims) {
  std::vector<int> sizes;
  for (const config::Node& size : dims.items()) sizes.push_back(static_cast<int>(size.integer({.min = 1, .max = 1e6})));
  if (sizes.empty() || sizes.size() > 6)
    dims.problem("one to six sizes, such as [8, 8, 4]", std::to_string(sizes.size()));
  return sizes;
}

void read_edges(const config::Node& scale_out, const std::vector<std::string>& media, Platform& platform) {
  ScaleOut& network = platform.scale_out;
  for (const config::Node& entry : scale_out.required("switches").items()) {
    NamedSwitch named{entry.required("name").text(), read_switch(entry.required("type"))};
    entry.finish();
    add_source(platform, named.type.name, named.type.source);
    network.switches_by_name.push_back(std::move(named));
  }
  for (const config::Node& entry : scale_out.required("edges").items()) {
    EdgeSpec edge{.from = entry.required("from").text(), .to = entry.required("to").text()};
    edge.links = whole(entry.optional("links"), 1);
    if (const config::Node medium = entry.optional("medium")) edge.medium = read_medium_name(medium, media);
    entry.finish();
    network.edges.push_back(std::move(edge));
  }
}

// assumed: a controller that asks every port for its light ten times a second.
constexpr Seconds usual_detection = 100 * units::ms;

CircuitSpec read_circuits(const config::Node& scale_out) {
  constexpr std::array<std::string_view, 2> policies{"static", "per-phase"};
  CircuitSpec circuits;
  circuits.ports = whole(scale_out.optional("circuits"), 2, 2, 64);
  circuits.policy = static_cast<CircuitPolicy>(scale_out.optional("policy").choice_or(0, policies));
  if (const config::Node turning = scale_out.optional("turning_time")) circuits.turning_time = turning.seconds();
  const config::Node prefetch = scale_out.optional("prefetch");
  circuits.ahead = prefetch.boolean_or(true);
  if (prefetch && circuits.policy == CircuitPolicy::once) {
    prefetch.problem("`policy: per-phase` beside it", "circuits that never turn");
  }
  circuits.repair = scale_out.optional("repair").boolean_or(true);
  circuits.detection_time = usual_detection;
  return circuits;
}

// Until a dead part is out of all routes.
// adaptive, rail-aligned: switches know by themselves. assumed: 1 ms, the order that NVIDIA gives for SHIELD's
// self-healing against seconds for a subnet manager.
// ecmp: routes are withdrawn. assumed: 150 ms, three lost BFD packets 50 ms apart (RFC 5880 §6.8.4), as usual under
// BGP. dimension-order, static circuits: nobody in the path knows another way; a manager computes and loads new tables.
// assumed: 5 s, a subnet manager's sweep of a thousand nodes.
Seconds usual_fault_detection(RoutingKind routing) {
  switch (routing) {
    case RoutingKind::adaptive:
    case RoutingKind::rail_aligned: return 1 * units::ms;
    case RoutingKind::ecmp: return 150 * units::ms;
    case RoutingKind::dimension_order:
    case RoutingKind::static_circuits: return 5 * units::s;
  }
  return {};
}
// A NIC's peers give it up when their retries are used up: 4.096 us * 2^20 each, 7 of them (InfiniBand's local ACK
// timeout; NCCL_IB_TIMEOUT = 20 and NCCL_IB_RETRY_CNT = 7 are NCCL's defaults).
constexpr Seconds usual_nic_failover = 4.096 * 1048576 * 7 * units::us;

void read_fault_handling(const config::Node& scale_out, ScaleOut& network) {
  const bool repaired = network.kind == ScaleOutKind::ocs_rails && network.circuits.repair;
  const Seconds usual =
      repaired ? network.circuits.detection_time + network.turning_time() : usual_fault_detection(network.routing);
  network.fault_detection = scale_out.optional("fault_detection").seconds_or(usual);
  network.nic_failover = scale_out.optional("nic_failover").seconds_or(usual_nic_failover);
}

// Only the keys that the topology has: another one's are unknown keys.
void read_shape(const config::Node& scale_out, Platform& platform) {
  ScaleOut& network = platform.scale_out;
  DirectSpec& direct = network.direct;
  switch (network.kind) {
    case ScaleOutKind::fat_tree:
    case ScaleOutKind::rail_optimized: network.planes = whole(scale_out.optional("planes"), 1, 1, 16); break;
    case ScaleOutKind::dual_plane: network.planes = 2; break;
    case ScaleOutKind::torus:
    case ScaleOutKind::hyperx: direct.dims = read_dims(scale_out.required("dims")); [[fallthrough]];
    case ScaleOutKind::full_mesh: direct.links = whole(scale_out.optional("links"), 1); break;
    case ScaleOutKind::dragonfly_plus:
      direct.group_spines = whole(scale_out.required("group_spines"), 1);
      [[fallthrough]];
    case ScaleOutKind::dragonfly:
      direct.group_switches = whole(scale_out.required("group_switches"), 1);
      direct.global_links = whole(scale_out.required("global_links"), 1);
      direct.links = whole(scale_out.optional("links"), 1);
      break;
    case ScaleOutKind::ocs_rails: network.circuits = read_circuits(scale_out); break;
    case ScaleOutKind::edge_list: read_edges(scale_out, media_names(platform.media), platform); break;
    default: break;
  }
}

}  // namespace

std::span<const std::string_view> topology_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list;
    for (const Kind& kind : kinds()) list.push_back(kind.name);
    return list;
  }();
  return names;
}

void read_scale_out(const config::Node& scale_out, Platform& platform) {
  ScaleOut& network = platform.scale_out;
  if (!scale_out) return;
  network.kind = static_cast<ScaleOutKind>(scale_out.required("topology").choice(topology_names()));
  const Kind& kind = kinds()[static_cast<std::size_t>(network.kind)];
  network.routing = read_routing(scale_out.optional("routing"), kind);
  const bool balanced = network.routing == RoutingKind::adaptive || network.routing == RoutingKind::rail_aligned;
  const double usual_balance = balanced ? adaptive_load_balance : 1.0;
  network.load_balance = scale_out.optional("load_balance").number_or(usual_balance, {.min = 0.01, .max = 1});
  const std::vector<std::string> media = media_names(platform.media);
  const config::Node medium = scale_out.optional("medium");
  const config::Node trunk = scale_out.optional("trunk_medium");
  network.medium = medium                                    ? read_medium_name(medium, media)
                   : network.kind == ScaleOutKind::ocs_rails ? "ocs-port"
                                                             : "pluggable-dr4";
  network.trunk_medium = trunk ? read_medium_name(trunk, media) : network.medium;
  constexpr config::Range node_range{.min = 1, .max = most_nodes};
  network.unit_nodes = static_cast<int>(scale_out.optional("unit_nodes").integer_or(0, node_range));
  network.pod_nodes = static_cast<int>(scale_out.optional("pod_nodes").integer_or(0, node_range));
  read_tiers(scale_out.optional("tiers"), network, platform);
  network.layout = read_layout(scale_out.optional("layout"), network);
  read_shape(scale_out, platform);
  if (network.kind == ScaleOutKind::edge_list) {
    static_cast<void>(scale_out.optional("switch"));
  } else if (network.kind != ScaleOutKind::none && !platform.groups.empty()) {
    check_nics(scale_out, platform);
    network.switches = read_leaf_switch(scale_out, platform);
    add_source(platform, network.switches.name, network.switches.source);
  } else {
    static_cast<void>(scale_out.optional("switch"));
  }
  read_fault_handling(scale_out, network);
  scale_out.finish();
}

void read_faults(const config::Node& faults, Platform& platform) {
  for (const config::Node& entry : faults.items()) {
    Fault fault{.part = entry.required("part").text()};
    const config::Node factor = entry.optional("factor");
    const config::Node dead = entry.optional("dead");
    if (factor) fault.factor = factor.number({.min = 0.001, .max = 1});
    if (dead && !dead.boolean()) dead.problem("true", "false");
    if (factor.present() == dead.present())
      entry.problem("either `factor` or `dead: true`", factor ? "both" : "neither");
    fault.count = whole(entry.optional("count"), 0);
    fault.at = entry.optional("at").seconds_or({});
    if (const config::Node until = entry.optional("until")) {
      fault.until = until.seconds();
      const bool readable = fault.until > Seconds{} || until.text().starts_with('0');
      if (readable && fault.until <= fault.at) until.problem("a time after `at`", until.text());
    }
    entry.finish();
    platform.faults.push_back(std::move(fault));
  }
}

}  // namespace aifsim::hardware
