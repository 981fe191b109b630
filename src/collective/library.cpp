#include "collective/library.hpp"

#include "config/data_directory.hpp"
#include "config/node.hpp"

namespace aifsim::collective {
namespace {

constexpr config::Range fraction{.min = 1e-3, .max = 1.0};

struct Network {
  std::string protocol;
  Seconds hop;
  Bytes chunk;
  double payload = 1;
};

std::vector<Network> read_network(const config::Node& node, Library& library) {
  library.network_efficiency = node.required("efficiency").number(fraction);
  library.tree_efficiency = node.required("tree_efficiency").number(fraction);
  library.tree_domain_efficiency = node.required("tree_domain_efficiency").number(fraction);
  const config::Node protocols = node.required("protocols");
  std::vector<Network> network;
  for (const std::string& name : protocols.keys()) {
    const config::Node protocol = protocols.required(name);
    network.push_back({.protocol = name,
                       .hop = protocol.required("hop").seconds(),
                       .chunk = protocol.optional("chunk").bytes_or({}),
                       .payload = protocol.required("payload").number(fraction)});
    protocol.finish();
  }
  node.finish();
  return network;
}

Method read_method(const config::Node& node, const std::vector<Network>& network) {
  Method method;
  method.launch = node.required("launch").seconds();
  method.extra = node.optional("extra").number_or(0, {.min = 0, .max = 10});
  method.min_ranks = static_cast<int>(node.optional("min_ranks").integer_or(2, {.min = 2}));
  const config::Node protocols = node.required("protocols");
  for (const std::string& name : protocols.keys()) {
    const config::Node row = protocols.required(name);
    Protocol protocol{.name = name,
                      .setup = row.optional("setup").seconds_or({}),
                      .per_rank = row.optional("per_rank").seconds_or({}),
                      .step = row.optional("step").seconds_or({}),
                      .rate = row.required("rate").number(fraction)};
    row.finish();
    // A protocol the network does not name travels like the last one that it does.
    for (const Network& across : network) {
      protocol.network_hop = across.hop;
      protocol.payload = across.payload;
      protocol.chunk = across.chunk;
      if (across.protocol == name) break;
    }
    method.protocols.push_back(std::move(protocol));
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

Library read_library(const std::string& path) {
  const config::Document document = config::Document::load(path);
  const config::Node root = document.root();
  static_cast<void>(root.required("version").text());
  static_cast<void>(root.required("source").text());
  Library library;
  const std::vector<Network> network = read_network(root.required("network"), library);
  const config::Node architectures = root.required("architectures");
  for (const std::string& name : architectures.keys()) {
    const config::Node row = architectures.required(name);
    Architecture architecture{.name = name,
                              .ring = read_method(row.required("ring"), network),
                              .direct = read_method(row.required("direct"), network)};
    if (row.has("nvls")) architecture.nvls = read_method(row.required("nvls"), network);
    row.finish();
    library.architectures.push_back(std::move(architecture));
  }
  if (library.architectures.empty()) architectures.problem("at least one architecture", "none");
  root.finish();
  document.check();
  return library;
}

const Library& nccl() {
  static const Library library = read_library(config::data_directory("platforms/catalog/libraries") + "/nccl.yaml");
  return library;
}

}  // namespace aifsim::collective
