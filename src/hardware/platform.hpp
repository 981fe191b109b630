// A cluster as its platform file describes it: node groups and the network between them. Plain, valid data.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantity.hpp"
#include "config/node.hpp"
#include "hardware/gpu_spec.hpp"
#include "hardware/storage_spec.hpp"

namespace aifsim::hardware {

// A kind of cable or port. Parsed from platforms/catalog/media.yaml.
struct LinkMedium {
  std::string name;  // "nvlink4-copper", "pluggable-dr4", "pcie5-x16", …
  std::string source;
  Seconds latency;                // one hop, FEC included, the port logic of both ends too
  double payload_fraction = 1.0;  // of the nominal rate that payload can reach (headers, flow control), measured
  Watts power_per_end;            // transceiver or port, at each end
  double lasers = 0;              // per link
  Seconds mtbf;                   // of one link; 0 = not known
  double reach_m = 0;             // 0 = not known
  double transceivers = 0;        // per link: modules plugged in at its ends
  double loss_budget_db = 0;      // optical: from transmitter to receiver; 0 = not known
  Usd price;                      // per link, both ends
};

struct SwitchSpec {
  std::string name;  // "qm9700"
  std::string source;
  int ports = 0;
  BytesPerSecond port_bandwidth;  // one direction, nominal
  Seconds latency;                // port to port
  Watts power;
  Usd price;
  Seconds turning_time;          // optical circuit switches: to set new circuits
  double insertion_loss_db = 0;  // the same: of one circuit
};

// A NIC or DPU port set as one GPU (or several) sees it.
struct NicSpec {
  std::string name;  // "connectx7"
  std::string source;
  BytesPerSecond bandwidth;  // one direction, nominal
  Seconds latency;           // host interface and NIC, one way
  Watts power;
  Usd price;
  std::string usual_switch;  // what it is usually plugged into: the default of scale_out.switch
};

// How the GPUs of one NVLink domain are wired (a node for HGX, a rack for NVL72).
struct NodeSpec {
  std::string name;  // "dgx-h100"
  std::string source;
  std::shared_ptr<const GpuSpec> gpu;
  int gpus = 0;              // in one node (a compute tray for NVL72)
  int nodes_per_domain = 1;  // trays in one NVLink domain: 18 for NVL72, 1 for HGX
  int nvswitches = 0;        // switch chips in one NVLink domain, all tiers
  int nvlink_group = 0;      // GPUs on one set of first-tier chips, where a second tier joins the sets; 0 = one tier
  int nvlink_group_switches = 0;  // chips of one such set
  bool nvlink_sharp = false;      // NVSwitch reduces in the switch (NVLS)
  std::string nvlink_medium;      // names of LinkMedium
  int nics = 0;                   // scale-out NICs of one node; GPU i uses NIC i * nics / gpus
  NicSpec nic;
  std::string host_link_medium;  // GPU to NIC: PCIe or C2C
  BytesPerSecond host_link;      // GPU to PCIe switch/CPU, one direction, nominal
  bool nics_behind_cpu = false;  // GPU – CPU – NIC: C2C superchips, and PCIe nodes without NVLink
  std::string nic_link_medium;   // CPU to NIC, when nics_behind_cpu
  BytesPerSecond nic_link;       // the same, one direction, nominal
  std::string cpu_link_medium;   // GPU to CPU where that is another cable than host_link; empty = the same
  BytesPerSecond cpu_link;       // of one GPU, one direction, nominal
  std::string cpu;
  int cpus = 0;
  int cpu_cores = 0;                     // of the node
  Bytes host_memory;                     // the same; 0 = not known
  BytesPerSecond host_memory_bandwidth;  // the same, reads and writes together; 0 = not known
  DriveSpec drives;
  DpuSpec dpu;
  int dpus = 0;
  Watts max_power;  // whole node
  Usd price;
  [[nodiscard]] int domain_gpus() const { return gpus * nodes_per_domain; }
};

struct NodeGroup {
  std::shared_ptr<const NodeSpec> type;
  int count = 0;  // nodes (racks for types whose domain is a rack: see NodeSpec::nodes_per_domain)
};

enum class ScaleOutKind {
  none,
  fat_tree,
  rail_optimized,
  rail_only,
  dual_plane,
  torus,
  hyperx,
  full_mesh,
  dragonfly,
  dragonfly_plus,
  ocs_rails,
  edge_list
};
enum class RoutingKind { adaptive, ecmp, dimension_order, rail_aligned, static_circuits };

// How long the cables are, in metres, by the tier of their upper end.
struct CableLengths {
  double leaf = 20;   // NIC to leaf
  double spine = 50;  // leaf to spine, and between the switches of a direct network
  double core = 100;  // all above
};

// One tier boundary of a tree: `oversubscription` = capacity below / capacity above.
struct TierSpec {
  double oversubscription = 1.0;
  std::optional<SwitchSpec> switches;  // of the tier above; as the tier below when absent
};

// How the switches of a direct network are joined.
struct DirectSpec {
  std::vector<int> dims;   // torus, HyperX: switches in each dimension
  int links = 1;           // cables between two neighbours
  int group_switches = 0;  // dragonfly: of one group; dragonfly+: leaves of one group
  int group_spines = 0;    // dragonfly+
  int global_links = 0;    // cables to other groups, of one switch (dragonfly+: of one spine)
};

// How the ports of optical circuit switches are joined.
enum class CircuitPolicy { once, per_phase };  // set for the job ("static"), or anew for each communication phase
struct CircuitSpec {
  int ports = 2;  // of one NIC, its bandwidth shared among them
  CircuitPolicy policy = CircuitPolicy::once;
  bool ahead = true;                    // per phase: turn when the last phase has ended, not when the next one asks
  std::optional<Seconds> turning_time;  // in place of the switch's own
  bool repair = true;                   // circuits of a dead part are set anew around it
  Seconds detection_time;               // the usual one: see fault_detection
};

struct NamedSwitch {
  std::string name;
  SwitchSpec type;
};
// One cable, or `links` of them, of an edge list. An end is a switch, "node3/nic1", or "node0-31/nic1" and "node0-31"
// for many at once.
struct EdgeSpec {
  std::string from, to, medium;
  int links = 1;
};

// A part that is slower than its kind, or dead. Named as Fabric::name prints it.
struct Fault {
  std::string part;
  double factor = 0;  // of its speed or bandwidth; 0 = dead
  int count = 0;      // of merged switches or parallel cables, how many; 0 = all
  Seconds at;         // since the run began; 0: from the start
  Seconds until = never;
  static constexpr Seconds never = Seconds::from_base(std::numeric_limits<double>::infinity());
  [[nodiscard]] bool in_force(Seconds when) const { return at <= when && when < until; }
};

struct ScaleOut {
  ScaleOutKind kind = ScaleOutKind::none;
  SwitchSpec switches;
  std::string medium;           // NIC to leaf
  std::string trunk_medium;     // between switches
  std::vector<TierSpec> tiers;  // leaf–spine first; fewer than the size needs: the last one repeats
  RoutingKind routing = RoutingKind::adaptive;
  double load_balance = 1.0;  // fraction of trunk capacity that routing reaches (ECMP collisions), with its source
  Seconds fault_detection;    // from a part's death until routing goes round it
  Seconds nic_failover;       // until a NIC that is cut off is given up and another one's connections are used
  int unit_nodes = 0;         // nodes that share leaves: a rail-optimised unit, a fat tree's rack; 0 = by radix
  int pod_nodes = 0;          // nodes below one set of spines; 0 = as many as the radix allows
  int planes = 1;             // separate trees, each with its share of every NIC
  DirectSpec direct;
  CircuitSpec circuits;
  std::vector<NamedSwitch> switches_by_name;  // of an edge list
  std::vector<EdgeSpec> edges;
  CableLengths layout;
  [[nodiscard]] const SwitchSpec& tier_switch(std::size_t tier) const;  // 0 = leaf
  [[nodiscard]] Seconds turning_time() const { return circuits.turning_time.value_or(switches.turning_time); }
  [[nodiscard]] double oversubscription(std::size_t boundary) const;  // 0 = leaf–spine
};

struct Platform {
  std::string name;
  std::string file;  // for messages about a network that cannot be built
  std::string description;
  std::vector<NodeGroup> groups;
  ScaleOut scale_out;
  StorageSpec storage;
  std::vector<Fault> faults;
  std::vector<LinkMedium> media;     // all that the catalogue knows, in catalogue order
  std::vector<std::string> sources;  // for provenance
  [[nodiscard]] int gpu_count() const;
  [[nodiscard]] const LinkMedium& medium(std::string_view medium_name) const;  // InternalError when there is none
};

// For the topologies' own registry: the names, in the order of ScaleOutKind.
[[nodiscard]] std::span<const std::string_view> topology_names();

// Where the catalogue lies: platforms/catalog in $AIFSIM_DATA, else ../../platforms/catalog from the
// executable, else the source tree's.
[[nodiscard]] std::string catalog_directory();

// Reads a platform from its document (problems go to the document; call document.check() after).
[[nodiscard]] Platform read_platform(const config::Document& document);
// One catalogue entry by name; `name_node` is blamed, with the nearest known name, when there is none.
[[nodiscard]] std::shared_ptr<const GpuSpec> read_gpu(const config::Node& name_node);
[[nodiscard]] std::shared_ptr<const NodeSpec> read_node_type(const config::Node& name_node);
[[nodiscard]] NicSpec read_nic(const config::Node& name_node);
[[nodiscard]] SwitchSpec read_switch(const config::Node& name_node);
[[nodiscard]] std::vector<LinkMedium> read_media();

// For `aifsim list`.
struct CatalogEntry {
  std::string name;
  std::string summary;  // one line
};
[[nodiscard]] std::vector<CatalogEntry> list_gpus();
[[nodiscard]] std::vector<CatalogEntry> list_nodes();
[[nodiscard]] std::vector<CatalogEntry> list_media();

}  // namespace aifsim::hardware
