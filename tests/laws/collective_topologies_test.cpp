// No algorithm beats the cuts it crosses on any topology: all pairs of the two registries, sizes and groups drawn.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "base/error.hpp"
#include "collective/collective.hpp"
#include "topology/summary.hpp"

namespace aifsim::collective {
namespace {

// Eight DGX H100 under each topology; one alone where nothing joins them.
const std::map<std::string, std::string> networks{
    {"none", ""},
    {"fat-tree", "switch: qm9700, unit_nodes: 2, tiers: [{oversubscription: 2}]"},
    {"rail-optimized", "switch: qm9700, unit_nodes: 4, tiers: [{oversubscription: 2}]"},
    {"rail-only", "switch: qm9700"},
    {"dual-plane", "switch: qm9700"},
    {"torus", "dims: [4, 2], links: 2, switch: qm9700"},
    {"hyperx", "dims: [4, 2], links: 2, switch: qm9700"},
    {"full-mesh", "switch: qm9700"},
    {"dragonfly", "unit_nodes: 2, group_switches: 2, global_links: 4, links: 4, switch: qm9700"},
    {"dragonfly-plus", "unit_nodes: 2, group_switches: 2, group_spines: 2, global_links: 4, switch: qm9700"},
    {"ocs-rails", "switch: ocs-palomar, circuits: 2"},
    {"edge-list",
     "routing: adaptive, switches: [{name: a, type: qm9700}, {name: b, type: qm9700}], "
     "edges: [{from: node0-3, to: a}, {from: node4-7, to: b}, {from: a, to: b, links: 16}]"},
};

struct Cluster {
  explicit Cluster(const std::string& name) {
    const std::string nodes = "nodes: {type: dgx-h100, count: " + std::string(name == "none" ? "1" : "8") + "}\n";
    const std::string settings = networks.at(name);
    const config::Document file = config::Document::parse(
        nodes + "scale_out: {topology: " + name + (settings.empty() ? "" : ", " + settings) + "}\n", name);
    platform = hardware::read_platform(file);
    file.check();
    topology = topology::build(platform);
    halves_rate = topology::bisection_per_gpu(topology);
    for (std::size_t i = 0; i < topology.fabric.gpu_count(); ++i) {
      if (topology.routing->in_first_half(topology.fabric.gpu(i))) ++first_half;
    }
  }
  // All that leaves one GPU.
  [[nodiscard]] BytesPerSecond ports(DeviceId gpu) const {
    BytesPerSecond sum;
    for (const topology::Channel& channel : topology.fabric.channels()) {
      if (channel.from == gpu) sum += channel.capacity;
    }
    return sum;
  }
  hardware::Platform platform;
  topology::Topology topology;
  BytesPerSecond halves_rate;  // of one GPU
  std::size_t first_half = 0;
};

// Least share of the request's bytes that leaves a part of `inside` ranks for the other `outside`, either way.
double least_crossing(Operation operation, double inside, double outside) {
  const double ranks = inside + outside;
  switch (operation) {
    case Operation::all_gather:
    case Operation::reduce_scatter: return std::max(inside, outside) / ranks;
    case Operation::all_to_all:
    case Operation::all_to_all_v: return inside * outside / ranks;
    default: return 1;  // the buffer, or the message
  }
}

class EveryTopology : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryTopology, no_algorithm_beats_its_cuts) {
  const Cluster cluster(GetParam());
  const std::size_t gpus = cluster.topology.fabric.gpu_count();
  std::vector<DeviceId> all;
  for (std::size_t i = 0; i < gpus; ++i) all.push_back(cluster.topology.fabric.gpu(i));
  std::mt19937 random(11);
  std::size_t plans = 0;
  for (const Operation operation : operations()) {
    for (const auto& algorithm : list_algorithms()) {
      for (int draw = 0; draw < 4; ++draw) {
        const Bytes bytes = std::pow(10.0, std::uniform_real_distribution<double>(2, 10.5)(random)) * units::B;
        Request request{.operation = operation, .bytes = bytes, .groups = {all}, .algorithm = algorithm.name};
        if (operation == Operation::send_receive) request.groups = {{all.front(), all.back()}};
        CollectivePlan plan;
        try {
          plan = collective::plan(request, cluster.platform, cluster.topology);
        } catch (const ConfigError&) {
          continue;  // it serves other operations, or other networks
        }
        ++plans;
        const Seconds time = lone_time(plan, cluster.topology.fabric);
        const double n = static_cast<double>(gpus);
        const double message = operation == Operation::send_receive ? 2 : n;
        const Seconds rank_bound = bytes * least_crossing(operation, 1, message - 1) / cluster.ports(all.front());
        EXPECT_GE(time, rank_bound * (1 - 1e-9)) << algorithm.name << ' ' << name_of(operation) << " one rank";
        const double first = static_cast<double>(cluster.first_half);
        const double smaller = std::min(first, n - first);
        if (operation == Operation::send_receive || smaller == 0) continue;
        const Seconds halves = bytes * least_crossing(operation, first, n - first) / (cluster.halves_rate * smaller);
        EXPECT_GE(time, halves * (1 - 1e-9))
            << algorithm.name << ' ' << name_of(operation) << " halves " << bytes.in(units::B);
      }
    }
  }
  EXPECT_GE(plans, 40U);
}

std::vector<std::string> topology_names() {
  std::vector<std::string> names;
  for (const auto& entry : topology::list_topologies()) names.push_back(entry.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Topologies, EveryTopology, ::testing::ValuesIn(topology_names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace aifsim::collective
