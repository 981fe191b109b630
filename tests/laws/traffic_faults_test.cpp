// Faults in the middle of traffic, on every kind of network: nothing hangs, every flow ends or is lost by name, losses
// need a reason, runs repeat.
#include <gtest/gtest.h>

#include "laws/training_draw.hpp"
#include "study/traffic.hpp"
#include "task/ideal_executor.hpp"
#include "topology/faults.hpp"

namespace aifsim {
namespace {

const std::array<std::string, 11> networks{"topology: rail-optimized, switch: qm9700, routing: adaptive",
                                           "topology: rail-optimized, switch: qm9700, routing: rail-aligned",
                                           "topology: fat-tree, switch: qm9700, routing: ecmp, unit_nodes: 2",
                                           "topology: dual-plane, switch: qm9700",
                                           "topology: rail-only, switch: qm9700, routing: rail-aligned",
                                           "topology: torus, dims: [4, 2], switch: qm9700",
                                           "topology: hyperx, dims: [4, 2], switch: qm9700",
                                           "topology: full-mesh, switch: qm9700",
                                           "topology: dragonfly, switch: qm9700, group_switches: 2, global_links: 2",
                                           "topology: ocs-rails, switch: ocs-palomar",
                                           "topology: ocs-rails, switch: ocs-palomar, repair: false"};

std::string platform_with(const std::string& network, const std::string& faults) {
  return "nodes: {type: dgx-h100, count: 8}\nscale_out: {" + network +
         ", fault_detection: 1 ms, nic_failover: 2 ms}\nfaults: [" + faults + "]\n";
}

std::string random_fault(const std::string& network, std::mt19937& random) {
  const auto topology = topology::build(test::platform_of(platform_with(network, "")));
  const topology::Fabric& fabric = topology.fabric;
  const std::string part = random() % 3 == 0 ? fabric.name(DeviceId{random() % fabric.devices().size()})
                                             : fabric.name(ChannelId{random() % fabric.channels().size()});
  const double at = 0.1 * static_cast<double>(1 + random() % 25);
  std::string text = "{part: " + part + ", dead: true, at: " + std::to_string(at) + " ms";
  if (random() % 3 == 0) text += ", until: " + std::to_string(at + 0.4) + " ms";
  return text + "}";
}

// 64 messages over the NICs, and one collective.
std::vector<study::Transfer> transfers() {
  std::vector<study::Transfer> all =
      study::make_transfers({.pattern = "shift", .bytes = units::MB * 100.0, .concurrent = 1}, 64);
  study::Transfer collective{.start = units::ms,
                             .operation = collective::Operation::all_gather,
                             .group = {},
                             .bytes = units::MB * 64.0,
                             .name = "all_gather"};
  for (std::size_t gpu = 0; gpu < 64; ++gpu) collective.group.push_back(gpu);
  all.push_back(collective);
  return all;
}

study::TrafficResult run(const std::string& text) {
  const hardware::Platform platform = test::platform_of(text);
  const topology::Topology topology = topology::build(platform);
  std::vector<BytesPerSecond> capacity;
  for (const topology::Channel& channel : topology.fabric.channels()) capacity.push_back(channel.capacity);
  const auto executor = task::make_ideal_executor(std::move(capacity));
  return study::simulate_traffic(transfers(), platform, topology, *executor);
}

TEST(TrafficFaults, every_flow_ends_or_is_lost_by_name) {
  std::mt19937 random(17);
  std::size_t rerouted = 0, lost = 0;
  for (const std::string& network : networks) {
    const study::TrafficResult calm = run(platform_with(network, ""));
    for (int i = 0; i < 8; ++i) {
      const std::string platform = platform_with(network, random_fault(network, random));
      const study::TrafficResult result = run(platform);
      ASSERT_FALSE(result.faults.empty()) << platform;
      std::size_t told = 0;
      for (const study::TrafficFault& fault : result.faults) {
        told += fault.lost;
        rerouted += fault.rerouted;
        if (fault.lost > 0) {
          EXPECT_NE(fault.detail.find("first lost: "), std::string::npos) << platform;
        }
      }
      EXPECT_EQ(told, result.lost) << platform;
      EXPECT_LE(result.lost, result.flows) << platform;
      EXPECT_LE(result.bytes.in(units::B), calm.bytes.in(units::B) * (1 + 1e-12)) << platform;
      lost += result.lost;
      // Whoever is not hit takes as long as without the fault (the network is ideal): the rest take longer.
      if (result.lost == 0 && result.faults.front().rerouted == 0) {
        EXPECT_GE(result.completion.base(), calm.completion.base() * (1 - 1e-9)) << platform;
      }
      if (i > 0) continue;
      const study::TrafficResult again = run(platform);
      EXPECT_EQ(again.completion, result.completion) << platform;
      EXPECT_EQ(again.lost, result.lost) << platform;
    }
  }
  EXPECT_GT(rerouted, 20U);
  EXPECT_GT(lost, 20U);
}

}  // namespace
}  // namespace aifsim
