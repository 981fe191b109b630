#include "collective/library.hpp"

#include <algorithm>
#include <cmath>

#include "config/data_directory.hpp"
#include "config/node.hpp"

namespace aifsim::collective {
namespace {

constexpr config::Range fraction{.min = 1e-3, .max = 1.0};

Transport read_transport(const config::Node& node, const std::string& name) {
  Transport transport{.name = name};
  for (const config::Node& nic : node.optional("nics").items()) transport.nics.push_back(nic.text());
  transport.efficiency = node.required("efficiency").number(fraction);
  transport.tree_efficiency = node.optional("tree_efficiency").number_or(1, fraction);
  if (const config::Node ramp = node.optional("ramp")) transport.ramp = ramp.bytes();
  const config::Node protocols = node.required("protocols");
  for (const std::string& protocol_name : protocols.keys()) {
    const config::Node protocol = protocols.required(protocol_name);
    transport.protocols.push_back({.name = protocol_name,
                                   .hop = protocol.required("hop").seconds(),
                                   .chunk = protocol.optional("chunk").bytes_or({}),
                                   .payload = protocol.required("payload").number(fraction)});
    protocol.finish();
  }
  if (transport.protocols.empty()) protocols.problem("at least one protocol", "none");
  node.finish();
  return transport;
}

CollNet read_collnet(const config::Node& node) {
  CollNet collnet;
  for (const config::Node& name : node.required("switches").items()) collnet.switches.push_back(name.text());
  collnet.transport = read_transport(node, "collnet");
  return collnet;
}

Method read_method(const config::Node& node) {
  Method method;
  if (!node) return method;
  method.launch = node.required("launch").seconds();
  method.extra = node.optional("extra").number_or(0, {.min = 0, .max = 10});
  method.min_ranks = static_cast<int>(node.optional("min_ranks").integer_or(2, {.min = 2}));
  const config::Node protocols = node.required("protocols");
  for (const std::string& name : protocols.keys()) {
    const config::Node row = protocols.required(name);
    method.protocols.push_back({.name = name,
                                .setup = row.optional("setup").seconds_or({}),
                                .per_rank = row.optional("per_rank").seconds_or({}),
                                .step = row.optional("step").seconds_or({}),
                                .rate = row.required("rate").number(fraction)});
    row.finish();
  }
  node.finish();
  return method;
}

}  // namespace

const Architecture& Library::architecture_of(const hardware::GpuSpec& gpu) const {
  for (const Architecture& architecture : architectures) {
    if (architecture.name == gpu.architecture) return architecture;
  }
  return architectures.back();
}

bool CollNet::reduces(std::string_view name) const {
  return std::find(switches.begin(), switches.end(), name) != switches.end();
}

const Transport& Library::transport_of(std::string_view nic) const {
  for (const Transport& transport : transports) {
    if (std::find(transport.nics.begin(), transport.nics.end(), nic) != transport.nics.end()) return transport;
  }
  return transports.front();
}

const NetworkProtocol& Transport::protocol(std::string_view protocol_name) const {
  for (const NetworkProtocol& row : protocols) {
    if (row.name == protocol_name) return row;
  }
  return protocols.back();
}

Bytes Transport::held_back(Bytes bytes, const NetworkProtocol& protocol) const {
  if (!ramp) return std::min(bytes, protocol.chunk);
  return std::min(std::sqrt(bytes.in(units::B)*ramp->in(units::B)) * units::B, protocol.chunk);
}

Library read_library(const std::string& path) {
  const config::Document document = config::Document::load(path);
  const config::Node root = document.root();
  static_cast<void>(root.required("version").text());
  static_cast<void>(root.required("source").text());
  Library library;
  library.tree_domain_efficiency = root.optional("tree_domain_efficiency").number_or(1, fraction);
  const config::Node transports = root.required("networks");
  for (const std::string& name : transports.keys()) {
    library.transports.push_back(read_transport(transports.required(name), name));
  }
  if (library.transports.empty()) transports.problem("at least one network", "none");
  if (root.has("collnet")) library.collnet = read_collnet(root.required("collnet"));
  const config::Node architectures = root.required("architectures");
  for (const std::string& name : architectures.keys()) {
    const config::Node row = architectures.required(name);
    Architecture architecture{
        .name = name, .ring = read_method(row.optional("ring")), .direct = read_method(row.required("direct"))};
    if (row.has("nvls")) architecture.nvls = read_method(row.required("nvls"));
    row.finish();
    library.architectures.push_back(std::move(architecture));
  }
  if (library.architectures.empty()) architectures.problem("at least one architecture", "none");
  root.finish();
  document.check();
  return library;
}

const Library& deepep() {
  static const Library library = read_library(config::data_directory("platforms/catalog/libraries") + "/deepep.yaml");
  return library;
}

const Library& nccl() {
  static const Library library = read_library(config::data_directory("platforms/catalog/libraries") + "/nccl.yaml");
  return library;
}

}  // namespace aifsim::collective
