#include "study/traffic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "base/error.hpp"
#include "config/node.hpp"
#include "engine/flow_case.hpp"
#include "engine/simgrid_executor.hpp"
#include "task/ideal_executor.hpp"

namespace aifsim::study {
namespace {

TrafficOptions pattern(std::string name, std::size_t concurrent = 1, std::uint64_t seed = 1) {
  return {.pattern = std::move(name), .bytes = units::MB * 100.0, .concurrent = concurrent, .seed = seed};
}

std::string file_with(const std::string& text) {
  const std::string path = testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv";
  std::ofstream(path) << text;
  return path;
}

// Two DGX H100: 8 GPUs with an NVSwitch plane and 8 NICs each.
struct Cluster {
  Cluster() {
    const config::Document document = config::Document::load(AIFSIM_SOURCE_DIR "/platforms/dgx-h100-32.yaml",
                                                             std::vector<config::Override>{{"nodes.count", "2"}});
    platform = hardware::read_platform(document);
    document.check();
    topology = topology::build(platform);
    executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  }
  TrafficResult run(const std::vector<Transfer>& transfers) {
    return simulate_traffic(transfers, platform, topology, *executor);
  }
  hardware::Platform platform;
  topology::Topology topology;
  std::unique_ptr<task::Executor> executor;
};

TEST(Traffic, APermutationSendsAndReceivesOncePerGpuAndNeverToItself) {
  const std::vector<Transfer> transfers = make_transfers(pattern("permutation", 3), 64);
  ASSERT_EQ(transfers.size(), 3 * 64U);
  for (std::size_t copy = 0; copy < 3; ++copy) {
    std::set<std::size_t> to;
    for (std::size_t i = 0; i < 64; ++i) {
      const Transfer& transfer = transfers[copy * 64 + i];
      EXPECT_EQ(transfer.group[0], i);
      EXPECT_NE(transfer.group[1], i);
      to.insert(transfer.group[1]);
    }
    EXPECT_EQ(to.size(), 64U);
  }
}

TEST(Traffic, TheSeedAloneDecides) {
  const auto peers = [](std::uint64_t seed) {
    std::vector<std::size_t> all;
    for (const Transfer& transfer : make_transfers(pattern("permutation", 1, seed), 64))
      all.push_back(transfer.group[1]);
    return all;
  };
  EXPECT_EQ(peers(5), peers(5));
  EXPECT_NE(peers(5), peers(6));
}

TEST(Traffic, CountsOfTheOtherPatterns) {
  EXPECT_EQ(make_transfers(pattern("all-to-all"), 9).size(), 72U);
  EXPECT_EQ(make_transfers(pattern("incast"), 9).size(), 8U);
  const std::vector<Transfer> shifts = make_transfers(pattern("shift", 2), 8);
  EXPECT_EQ(shifts[0].group[1], 4U);
  EXPECT_EQ(shifts[8].group[1], 5U);
}

TEST(Traffic, AShiftBetweenNodesRunsAtTheRateOfTheNics) {
  Cluster cluster;
  const TrafficResult result = cluster.run(make_transfers(pattern("shift"), 16));
  EXPECT_EQ(result.flows, 16U);
  EXPECT_DOUBLE_EQ(result.bytes.in(units::MB), 1600.0);
  ASSERT_FALSE(result.hottest.empty());
  // All NICs are busy from the end of the latency to the end.
  EXPECT_GT(result.hottest.front().busy, 0.98);
  EXPECT_LE(result.hottest.front().busy, 1.0 + 1e-9);
  const BytesPerSecond slowest = cluster.topology.fabric.channel(result.hottest.front().channel).capacity;
  EXPECT_NEAR(result.completion.in(units::s), (units::MB * 100.0 / slowest).in(units::s), 2e-5);
  EXPECT_NEAR(result.achieved, result.rate_per_gpu / result.capacity_per_gpu, 1e-12);
}

TEST(Traffic, AnIncastIsBoundByTheReceiver) {
  Cluster cluster;
  const TrafficResult result = cluster.run(make_transfers(pattern("incast"), 16));
  const Bytes through_nic = units::MB * 800.0;  // from the other node's eight
  EXPECT_NEAR(result.hottest.front().bytes.in(units::MB), through_nic.in(units::MB), 1e-6);
  EXPECT_GE(result.p99_flow_time, result.mean_flow_time);
  EXPECT_GE(result.completion, result.p99_flow_time);
}

TEST(Traffic, ReadsATableOfMessagesAndCollectives) {
  const std::vector<Transfer> transfers = make_transfers(
      pattern(file_with(
          "start,op,src,dst,group,bytes\n,,0,8,,1 MB\n10 us,all_reduce,,,0-15,64 MiB\n,all_gather,,,0-8:8 3,1 MB\n")),
      16);
  ASSERT_EQ(transfers.size(), 3U);
  EXPECT_EQ(transfers[0].group, (std::vector<std::size_t>{0, 8}));
  EXPECT_DOUBLE_EQ(transfers[1].start.in(units::us), 10.0);
  EXPECT_EQ(transfers[1].group.size(), 16U);
  EXPECT_EQ(transfers[2].group, (std::vector<std::size_t>{0, 8, 3}));
  Cluster cluster;
  const TrafficResult result = cluster.run(transfers);
  EXPECT_GT(result.flows, 3U);
  EXPECT_GT(result.completion, units::us * 10.0);
}

TEST(Traffic, ATablesMistakesAreReportedTogetherWithTheirPlaces) {
  const std::string path =
      file_with("op,src,dst,group,bytes\n,0,0,,1 MB\n,0,99,,12\nall_redcue,,,0-7,1 MB\nall_reduce,,,7-0,1 MB\n");
  try {
    (void)make_transfers(pattern(path), 16);
    FAIL() << "the table has mistakes";
  } catch (const ConfigError& error) {
    ASSERT_EQ(error.problems().size(), 5U);
    EXPECT_EQ(error.problems()[0].message(), path + ":2:4: dst: expected another GPU than src, got 0");
    EXPECT_THAT(error.problems()[1].message(),
                testing::StartsWith(path + ":3:8: bytes: expected an amount with its unit"));
    EXPECT_THAT(error.problems()[2].message(),
                testing::StartsWith(path + ":3:4: dst: expected a GPU from 0 to 15, got \"99\""));
    EXPECT_THAT(error.problems()[3].message(), testing::StartsWith(path + ":4:1: op: expected an operation"));
    EXPECT_THAT(error.problems()[4].message(), testing::StartsWith(path + ":5:14: group: expected at least two"));
  }
}

// Flows alike, simulated as one, end when each of them ends by itself: torus and rails, whole and broken.
TEST(Traffic, FlowsAlikeAreSimulatedOnceAndNothingChanges) {
  for (const char* platform_yaml :
       {"nodes: {type: dgx-h100, count: 6}\nscale_out: {topology: torus, dims: [3, 2], switch: qm9700}\n",
        "nodes: {type: dgx-h100, count: 4}\nscale_out: {topology: rail-optimized, switch: qm9700}\n",
        "nodes: {type: dgx-h100, count: 4}\nscale_out: {topology: rail-optimized, switch: qm9700}\n"
        "faults:\n  - {part: node1/nic0→leaf0, factor: 0.5}\n  - {part: node3/nic2, dead: true}\n"}) {
    const config::Document document = config::Document::parse(platform_yaml, "platform");
    const hardware::Platform platform = hardware::read_platform(document);
    document.check();
    const topology::Topology topology = topology::build(platform);
    for (const char* name : {"all-to-all", "shift", "permutation", "incast"}) {
      const std::vector<Transfer> transfers = make_transfers(pattern(name), topology.fabric.gpu_count());
      const auto figures = [&](bool fold) {
        return test::in_child([&] {
          const auto executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
          const TrafficResult result = simulate_traffic(transfers, platform, topology, *executor, fold);
          std::vector<double> all{result.completion.in(units::s),
                                  result.mean_flow_time.in(units::s),
                                  result.p99_flow_time.in(units::s),
                                  static_cast<double>(result.flows),
                                  result.achieved,
                                  static_cast<double>(result.channels_used)};
          for (const BusyChannel& hot : result.hottest) all.push_back(hot.busy);
          all.push_back(static_cast<double>(result.classes));
          return all;
        });
      };
      const std::vector<double> folded = figures(true), whole = figures(false);
      ASSERT_EQ(folded.size(), whole.size());
      for (std::size_t i = 0; i + 1 < folded.size(); ++i) {
        EXPECT_NEAR(folded[i], whole[i], 1e-6 * whole[i]) << name << ' ' << i << '\n' << platform_yaml;
      }
      EXPECT_LE(folded.back(), whole.back());
      if (name == std::string("all-to-all")) {
        EXPECT_LT(folded.back() * 4, whole.back()) << platform_yaml;
      }
      EXPECT_LE(folded[4], 1 + 1e-9) << "achieved of the bisection";
    }
  }
}

TEST(Traffic, RefusesWhatCannotBeDone) {
  EXPECT_THROW((void)make_transfers(pattern("permutatoin"), 16), ConfigError);
  EXPECT_THROW((void)make_transfers(pattern("shift"), 1), ConfigError);
  EXPECT_THROW((void)make_transfers(pattern("all-to-all"), 4096), ConfigError);
  EXPECT_THROW((void)make_transfers(pattern("/nonexistent/x.csv"), 16), ConfigError);
}

// 16 messages of 100 MB, each from one of two DGX H100 to the other: 2 ms, when nothing happens.
TrafficResult shift_with(const std::string& routing, const std::string& faults, bool ideal = false) {
  const std::vector<config::Override> overrides{
      {"nodes.count", "2"}, {"scale_out.routing", routing}, {"scale_out.nic_failover", "10 ms"}, {"faults", faults}};
  const config::Document document = config::Document::load(AIFSIM_SOURCE_DIR "/platforms/dgx-h100-32.yaml", overrides);
  const hardware::Platform platform = hardware::read_platform(document);
  document.check();
  const topology::Topology topology = topology::build(platform);
  std::vector<BytesPerSecond> capacities;
  for (const topology::Channel& channel : topology.fabric.channels()) capacities.push_back(channel.capacity);
  const auto executor = ideal ? task::make_ideal_executor(std::move(capacities))
                              : engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  return simulate_traffic(make_transfers(pattern("shift"), 16), platform, topology, *executor);
}

const std::string dead_cable = "[{part: node0/nic0→leaf0, dead: true, at: 1 ms}]";

TEST(TrafficFaults, FlowsOfADeadCableGoOverAnotherNicWhereTheRoutingCan) {
  const TrafficResult result = shift_with("rail-aligned", dead_cable);
  EXPECT_EQ(result.flows, 16U);
  EXPECT_EQ(result.lost, 0U);
  ASSERT_EQ(result.faults.size(), 1U);
  EXPECT_EQ(result.faults[0].what, "struck");
  EXPECT_EQ(result.faults[0].waited, 2U);  // there and back
  EXPECT_EQ(result.faults[0].rerouted, 2U);
  EXPECT_NEAR(result.bytes.in(units::GB), 1.6, 1e-9);
  // Known at 11 ms; then half of 100 MB is left, over a NIC that nobody else uses any more.
  EXPECT_NEAR(result.completion.in(units::ms), 12, 0.1);
}

TEST(TrafficFaults, FlowsWithoutAWayAreLostByName) {
  const TrafficResult result = shift_with("adaptive", dead_cable);
  EXPECT_EQ(result.flows, 16U);
  EXPECT_EQ(result.lost, 2U);
  EXPECT_EQ(result.faults.at(0).lost, 2U);
  EXPECT_EQ(result.faults.at(0).rerouted, 0U);
  EXPECT_THAT(result.faults.at(0).detail, testing::HasSubstr("shift node0/gpu0→node1/gpu0"));
  EXPECT_NEAR(result.bytes.in(units::GB), 1.4, 1e-9);
  EXPECT_LT(result.completion, 2.1 * units::ms);                 // of the others
  EXPECT_EQ(shift_with("adaptive", dead_cable, true).lost, 2U);  // on the ideal network, too
}

TEST(TrafficFaults, NoFigureIsLeftWhenEveryFlowIsLost) {
  const TrafficResult result = shift_with("adaptive", "[{part: leaf0, dead: true, at: 1 ms}]");
  EXPECT_EQ(result.lost, 16U);
  EXPECT_EQ(result.completion, Seconds{});
  EXPECT_EQ(result.bytes, Bytes{});
}

TEST(TrafficFaults, ACableThatComesBackInTimeOnlyDelays) {
  const TrafficResult result = shift_with("adaptive", "[{part: node0/nic0→leaf0, dead: true, at: 1 ms, until: 3 ms}]");
  EXPECT_EQ(result.lost, 0U);
  ASSERT_EQ(result.faults.size(), 2U);
  EXPECT_EQ(result.faults[1].what, "repaired");
  EXPECT_NEAR(result.completion.in(units::ms), 4, 0.1);
}

TEST(TrafficFaults, WhatStrikesAfterTheLastFlowChangesNoFigure) {
  const TrafficResult calm = shift_with("ecmp", "[]", true);
  const TrafficResult late = shift_with("ecmp", "[{part: leaf0, dead: true, at: 1 s}]", true);
  EXPECT_DOUBLE_EQ(calm.completion.base(), late.completion.base());
  EXPECT_NEAR(calm.mean_flow_time.base(), late.mean_flow_time.base(), 1e-12);
  EXPECT_EQ(calm.bytes, late.bytes);
  EXPECT_EQ(late.faults.at(0).detail, "after the last flow");
}

}  // namespace
}  // namespace aifsim::study
