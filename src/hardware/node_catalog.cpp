#include <string>

#include "config/named_file.hpp"
#include "hardware/node_catalog_parts.hpp"

namespace aifsim::hardware {
namespace {

int whole(const config::Node& node, double min, double max) {
  return static_cast<int>(node.integer({.min = min, .max = max}));
}

void read_nvlink(const config::Node& nvlink, const std::vector<std::string>& media, NodeSpec& node) {
  if (!nvlink) return;
  node.nvlink_medium = read_medium_name(nvlink.required("medium"), media);
  if (const config::Node switches = nvlink.optional("switches")) node.nvswitches = whole(switches, 0, 100000);
  node.nvlink_sharp = nvlink.optional("sharp").boolean_or(false);
  node.nodes_per_domain = static_cast<int>(nvlink.optional("nodes_per_domain").integer_or(1, {.min = 1, .max = 4096}));
  if (const config::Node group = nvlink.optional("group")) {
    node.nvlink_group = whole(group.required("gpus"), 1, 4096);
    node.nvlink_group_switches = whole(group.required("switches"), 1, 4096);
    group.finish();
    const int domain = node.gpus * node.nodes_per_domain;
    if (domain % node.nvlink_group != 0) {
      group.problem("a number of `gpus` that divides the domain's " + std::to_string(domain),
                    std::to_string(node.nvlink_group));
    } else if (domain / node.nvlink_group * node.nvlink_group_switches >= node.nvswitches) {
      group.problem("fewer `switches` than the domain's " + std::to_string(node.nvswitches) + " in all groups",
                    std::to_string(domain / node.nvlink_group * node.nvlink_group_switches));
    }
  }
  nvlink.finish();
  if (node.gpu && !node.gpu->name.empty() && node.gpu->nvlink == BytesPerSecond{}) {
    nvlink.problem("a GPU with NVLink, or no `nvlink`", node.gpu->name + ", which has none");
  }
  if (node.nvlink_sharp && node.nvswitches == 0) nvlink.problem("NVLink switches for `sharp`", "none");
}

void read_links(const config::Node& entry, const std::vector<std::string>& media, NodeSpec& node) {
  const config::Node host = entry.required("host_link");
  node.host_link_medium = read_medium_name(host.required("medium"), media);
  node.host_link = host.required("bandwidth").bandwidth();
  host.finish();
  if (const config::Node link = entry.optional("nic_link")) {
    node.nics_behind_cpu = true;
    node.nic_link_medium = read_medium_name(link.required("medium"), media);
    node.nic_link = link.required("bandwidth").bandwidth();
    link.finish();
  }
  if (const config::Node link = entry.optional("cpu_link")) {
    node.cpu_link_medium = read_medium_name(link.required("medium"), media);
    node.cpu_link = link.required("bandwidth").bandwidth();
    link.finish();
  }
}

void check(const config::Node& entry, const NodeSpec& node) {
  const std::string gpus = std::to_string(node.gpus);
  const bool nvlink = !node.nvlink_medium.empty();
  if (node.nics > 0 && node.gpus % node.nics != 0) {
    entry.required("nics").problem("a number of NICs that divides the " + gpus + " GPUs", std::to_string(node.nics));
  }
  if (!nvlink && node.gpus > 1 && !node.nics_behind_cpu) {
    entry.problem("`nvlink` or `nic_link`, so that the " + gpus + " GPUs reach each other", "neither");
  }
  if (nvlink && node.nics_behind_cpu && node.cpus > 0 && (node.gpus % node.cpus != 0 || node.nics % node.cpus != 0)) {
    entry.required("cpus").problem("a number of CPUs that divides the GPUs and the NICs", std::to_string(node.cpus));
  }
}

}  // namespace

NodeSpec read_node_spec(const config::Node& entry) {
  NodeSpec node;
  static_cast<void>(entry.required("description").text());
  node.source = read_source(entry);
  const std::vector<std::string> media = media_names(read_media());
  node.gpu = read_gpu(entry.required("gpu"));
  node.gpus = whole(entry.required("gpus"), 1, 1024);
  read_nvlink(entry.optional("nvlink"), media, node);
  if (const config::Node nics = entry.optional("nics")) {
    node.nic = read_nic(nics.required("type"));
    node.nics = whole(nics.required("count"), 1, 1024);
    nics.finish();
  }
  if (const config::Node cpus = entry.optional("cpus")) {
    const CpuSpec cpu = read_cpu(cpus.required("type"));
    node.cpu = cpu.name;
    node.cpus = whole(cpus.required("count"), 1, 1024);
    node.cpu_cores = node.cpus * cpu.cores;
    node.host_memory = cpu.memory * static_cast<double>(node.cpus);
    node.host_memory_bandwidth = cpu.memory_bandwidth * static_cast<double>(node.cpus);
    cpus.finish();
  }
  read_dpus(entry.optional("dpus"), node);
  read_drives(entry.optional("nvme"), node);
  read_links(entry, media, node);
  node.max_power = entry.optional("max_power").watts_or({});
  node.price = entry.optional("price").usd_or({});
  check(entry, node);
  return node;
}

std::shared_ptr<const NodeSpec> read_node_type(const config::Node& name_node) {
  const EntryReader reader(name_node, nodes_folder, "a node type");
  if (!reader.found()) return nullptr;
  auto node = std::make_shared<NodeSpec>(read_node_spec(reader.entry()));
  node->name = reader.name();
  reader.finish();
  return node;
}

std::vector<CatalogEntry> list_nodes() {
  std::vector<CatalogEntry> entries;
  for (const std::string& name : config::names_in(nodes_folder)) {
    entries.push_back({name, config::load_named(nodes_folder, name).root().required("description").text()});
  }
  return entries;
}

}  // namespace aifsim::hardware
