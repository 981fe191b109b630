#include "hardware/node_catalog_parts.hpp"

#include <array>

#include "config/named_file.hpp"

namespace aifsim::hardware {
namespace {

constexpr std::array<std::string_view, 4> grades{"published", "derived", "estimate", "recalled"};

}  // namespace

std::string read_source(const config::Node& entry) {
  std::string source = entry.required("source").text();
  const std::size_t grade = entry.required("confidence").choice(grades);
  if (const config::Node weaker = entry.optional("weaker")) {
    for (const std::string& field : weaker.keys()) static_cast<void>(weaker.required(field).choice(grades));
    weaker.finish();
  }
  static_cast<void>(entry.optional("notes").text_or(""));
  return source + " (" + std::string(grades[grade]) + ')';
}

EntryReader::EntryReader(const config::Node& name_or_map, std::string_view folder, std::string_view what)
    : entry_(name_or_map), name_("custom") {
  if (name_or_map.is_map()) return;
  found_ = name_or_map.present() && config::names_file(name_or_map, folder, what);
  if (!found_) return;
  in_file_ = true;
  name_ = name_or_map.text();
  document_ = config::load_named(folder, name_);
  entry_ = document_.root();
}

void EntryReader::finish() const {
  if (!found_) return;
  entry_.finish();
  if (in_file_) document_.check();
}

NicSpec read_nic(const config::Node& name_node) {
  const EntryReader reader(name_node, nics_folder, "a NIC");
  NicSpec nic;
  if (!reader.found()) return nic;
  const config::Node& entry = reader.entry();
  nic.name = reader.name();
  nic.source = read_source(entry);
  nic.bandwidth = entry.required("bandwidth").bandwidth();
  nic.latency = entry.required("latency").seconds();
  nic.power = entry.optional("power").watts_or({});
  nic.price = entry.optional("price").usd_or({});
  nic.usual_switch = entry.optional("usual_switch").text_or("");
  reader.finish();
  return nic;
}

SwitchSpec read_switch(const config::Node& name_node) {
  const EntryReader reader(name_node, switches_folder, "a switch");
  SwitchSpec spec;
  if (!reader.found()) return spec;
  const config::Node& entry = reader.entry();
  spec.name = reader.name();
  spec.source = read_source(entry);
  spec.ports = static_cast<int>(entry.required("ports").integer({.min = 2, .max = 65536}));
  spec.port_bandwidth = entry.required("port_bandwidth").bandwidth();
  spec.latency = entry.required("latency").seconds();
  spec.power = entry.optional("power").watts_or({});
  spec.price = entry.optional("price").usd_or({});
  spec.turning_time = entry.optional("turning_time").seconds_or({});
  spec.insertion_loss_db = entry.optional("insertion_loss_db").number_or(0, {.min = 0, .max = 100});
  reader.finish();
  return spec;
}

CpuSpec read_cpu(const config::Node& name_or_map) {
  const EntryReader reader(name_or_map, cpus_folder, "a CPU");
  CpuSpec cpu;
  if (!reader.found()) return cpu;
  const config::Node& entry = reader.entry();
  cpu.name = reader.name();
  cpu.source = read_source(entry);
  cpu.cores = static_cast<int>(entry.required("cores").integer({.min = 1, .max = 4096}));
  cpu.memory = entry.optional("memory").bytes_or({});
  cpu.memory_bandwidth = entry.optional("memory_bandwidth").bandwidth_or({});
  cpu.power = entry.optional("power").watts_or({});
  reader.finish();
  return cpu;
}

DpuSpec read_dpu(const config::Node& name_or_map) {
  const EntryReader reader(name_or_map, dpus_folder, "a DPU");
  DpuSpec dpu;
  if (!reader.found()) return dpu;
  const config::Node& entry = reader.entry();
  dpu.name = reader.name();
  dpu.source = read_source(entry);
  dpu.cores = static_cast<int>(entry.required("cores").integer({.min = 1, .max = 4096}));
  dpu.bandwidth = entry.required("bandwidth").bandwidth();
  dpu.memory = entry.required("memory").bytes();
  dpu.power = entry.optional("power").watts_or({});
  reader.finish();
  return dpu;
}

}  // namespace aifsim::hardware
