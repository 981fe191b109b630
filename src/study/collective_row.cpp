// A row of collectives.csv as platform YAML and a request.
#include "study/collective_row.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <sstream>

#include "study/row_scenario.hpp"
#include "study/words.hpp"

namespace aifsim::study {
namespace {

using collective::Operation;

struct OperationName {
  std::string_view table;
  Operation operation;
};
constexpr std::array<OperationName, 14> operations{{
    {"all_reduce", Operation::all_reduce},
    {"all_gather", Operation::all_gather},
    {"reduce_scatter", Operation::reduce_scatter},
    {"alltoall", Operation::all_to_all},
    {"all_to_all", Operation::all_to_all},
    {"alltoallv", Operation::all_to_all},
    {"broadcast", Operation::broadcast},
    {"reduce", Operation::reduce},
    {"sendrecv", Operation::send_receive},
    {"send_recv", Operation::send_receive},
    {"send_receive", Operation::send_receive},
    {"p2p", Operation::send_receive},
    {"moe_dispatch", Operation::all_to_all},
    {"moe_combine", Operation::all_to_all},
}};

std::optional<Operation> operation_of(const Table::Row& row) {
  for (const OperationName& name : operations) {
    if (row.text("collective") == name.table) return name.operation;
  }
  return std::nullopt;
}

// Nodes that training tables do not name, then theirs.
std::optional<std::string> node_of(const Table::Row& row) {
  const std::string& gpu = row.text("gpu");
  if (gpu.starts_with("H800")) return "hgx-h800";
  if (gpu.starts_with("H20-") || gpu == "H20") return "hgx-h20";
  if (gpu.starts_with("VR200")) return "vr-nvl72";
  if (gpu.starts_with("GH200") && row.integer_or("nvlink_domain_gpus", 4) == 1) return "gh200-node";
  if (gpu.starts_with("GH200") && row.integer_or("nvlink_domain_gpus", 4) == 32) return "gh200-nvl32";
  return node_type_of(gpu, row.text("platform"));
}

// The NIC of the fabric that the text names, and for Ethernet its switches.
struct FabricName {
  std::string_view word;  // in the scale_out column
  std::string_view gpu;   // beginning of the GPU's name; may be empty
  std::string_view nic;   // empty: the node type's own
  std::string_view leaf;
};
// AWS put EFAv1 into its A100 instances and EFAv2 into its H100 instances; what came later is taken as EFAv2.
constexpr std::array<FabricName, 7> fabrics{{
    {"TCP", "", "tcp-sockets", "sn5600"},
    {"EFA", "A100", "efa-v1", "sn5600"},
    {"EFA", "", "efa-v2", "sn5600"},
    {"Slingshot", "", "slingshot11", "rosetta"},
    {"gIB", "", "gib", "sn5600"},
    {"RoCE", "", "", "sn5600"},
    {"Ethernet", "", "", "sn5600"},
}};

const FabricName* fabric_of(const Table::Row& row) {
  for (const FabricName& fabric : fabrics) {
    if (contains(row.text("scale_out"), fabric.word) && row.text("gpu").starts_with(fabric.gpu)) return &fabric;
  }
  return nullptr;
}

// "EFA 32x100G per node", "4x ConnectX-7 NDR 400G per node", "InfiniBand NDR 400G/GPU": what one GPU has.
BytesPerSecond nic_rate_of(const Table::Row& row) {
  static const std::regex of_node(R"((\d+)\s*x\s*(?:[A-Za-z][\w-]*\s+)*(\d+)\s*G)");
  static const std::regex of_gpu(R"((\d+)\s*G(?:b/s|bps)?\s*(?:/|per)\s*GPU)");
  const std::string& text = row.text("scale_out");
  std::smatch match;
  if (std::regex_search(text, match, of_gpu)) return std::stod(match[1]) * (units::GB_per_s * 0.125);
  if (!std::regex_search(text, match, of_node)) return {};
  const double gpus = std::max(1, row.integer_or("gpus_per_node", 8));
  return std::stod(match[1]) * std::stod(match[2]) / gpus * (units::GB_per_s * 0.125);
}

// DeepEP's rows state tokens, not bytes: "128 tokens per rank, hidden 7168, top-8 experts". Dispatch sends FP8 with a
// 4-byte scale for 128 values, combine BF16.
std::optional<Bytes> expert_bytes(const Table::Row& row) {
  static const std::regex shape(R"((\d+) tokens per rank, hidden (\d+), top-(\d+))");
  std::smatch match;
  const std::string& note = row.text("quality_note");
  if (!std::regex_search(note, match, shape)) return std::nullopt;
  const double hidden = std::stod(match[2]);
  const double token = row.text("dtype") == "fp8" ? hidden * (1 + 4.0 / 128) : 2 * hidden;
  return std::stod(match[1]) * std::stod(match[3]) * token * units::B;
}

std::optional<Bytes> bytes_of(const Table::Row& row) {
  if (!row.empty("message_bytes")) return row.number("message_bytes") * units::B;
  return expert_bytes(row);
}

std::string unsupported_reason(const Table::Row& row) {
  if (!operation_of(row)) return "no operation " + row.text("collective");
  if (!node_of(row)) return "no node type for GPU " + row.text("gpu");
  if (row.empty("num_gpus")) return "the row does not state num_gpus";
  if (!bytes_of(row)) return "the row does not state message_bytes";
  return {};
}

int ranks_per_domain(const Table::Row& row, int ranks) {
  const int domain = std::max(1, row.integer_or("nvlink_domain_gpus", 8));
  const int node = std::max(1, row.integer_or("gpus_per_node", domain));
  // Racks are filled; of nodes of one domain each a row may use a part.
  return std::min(ranks, domain > 8 ? domain : std::min(domain, node));
}

std::string platform_yaml(const Table::Row& row, int domains) {
  const FabricName* fabric = fabric_of(row);
  std::ostringstream out;
  out << "nodes: {type: " << *node_of(row) << ", count: " << domains
      << (fabric != nullptr && !fabric->nic.empty() ? ", nic: " + std::string(fabric->nic) : "") << "}\n";
  if (domains == 1) return out.str() + "scale_out: {topology: none}\n";
  out << "scale_out: {topology: rail-optimized";
  if (fabric != nullptr) out << ", switch: " << fabric->leaf;
  out << "}\n";
  return out.str();
}

void set_nic_rate(hardware::Platform& platform, BytesPerSecond rate) {
  if (rate <= BytesPerSecond{}) return;
  for (hardware::NodeGroup& group : platform.groups) {
    auto changed = std::make_shared<hardware::NodeSpec>(*group.type);
    changed->nic.bandwidth = rate * (double{1} * changed->gpus / std::max(1, changed->nics));
    group.type = std::move(changed);
  }
}

std::vector<DeviceId> group_of(const CollectiveScenario& scenario, const hardware::Platform& platform,
                               const topology::Fabric& fabric) {
  const auto domain_gpus = static_cast<std::size_t>(platform.groups.front().type->domain_gpus());
  const auto used = static_cast<std::size_t>(scenario.ranks_per_domain);
  std::vector<DeviceId> group;
  for (std::size_t rank = 0; rank < static_cast<std::size_t>(scenario.ranks); ++rank) {
    group.push_back(fabric.gpu(rank / used * domain_gpus + rank % used));
  }
  return group;
}

}  // namespace

CollectiveReading read_collective_row(const Table::Row& row) {
  if (std::string reason = unsupported_reason(row); !reason.empty()) return {std::nullopt, std::move(reason)};
  CollectiveScenario scenario;
  scenario.operation = *operation_of(row);
  scenario.bytes = *bytes_of(row);
  scenario.ranks = row.integer("num_gpus");
  scenario.ranks_per_domain = ranks_per_domain(row, scenario.ranks);
  const int domains = (scenario.ranks + scenario.ranks_per_domain - 1) / scenario.ranks_per_domain;
  scenario.platform = platform_yaml(row, domains);
  if (domains > 1) scenario.nic = nic_rate_of(row);
  if (contains(row.text("library"), "DeepEP")) scenario.algorithm = "expert";
  return {std::move(scenario), {}};
}

Seconds simulate_collective(const CollectiveScenario& scenario, const std::string& name) {
  const config::Document file = config::Document::parse(scenario.platform, name + " platform");
  hardware::Platform platform = hardware::read_platform(file);
  file.check();
  set_nic_rate(platform, scenario.nic);
  const topology::Topology topology = topology::build(platform);
  const collective::Request request{.operation = scenario.operation,
                                    .bytes = scenario.bytes,
                                    .groups = {group_of(scenario, platform, topology.fabric)},
                                    .algorithm = scenario.algorithm};
  return collective::lone_time(collective::plan(request, platform, topology), topology.fabric);
}

}  // namespace aifsim::study
