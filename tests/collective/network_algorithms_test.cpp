// Algorithms whose volume between domains is what they are chosen for.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "collective/toy_cluster.hpp"

namespace aifsim::collective {
namespace {

using testing::multiplicity_on;
using testing::ToyCluster;

constexpr Bytes large = 1 * units::GB;

double bytes_of(const PhaseFlow& flow) { return flow.bytes.in(units::GB); }

ToyCluster infiniband(testing::ToyShape shape) {
  ToyCluster cluster(std::move(shape));
  cluster.platform.scale_out.kind = hardware::ScaleOutKind::rail_optimized;
  cluster.platform.scale_out.switches.name = "qm9700";
  return cluster;
}

TEST(Sharp, sends_each_members_part_up_once_where_a_ring_sends_it_twice) {
  const ToyCluster cluster = infiniband({.domains = 8, .domain_gpus = 4});
  Request request{.bytes = large, .groups = cluster.everyone(), .algorithm = "sharp"};
  const CollectivePlan plan = cluster.plan(request);
  const PhaseFlow& across = plan.phases.at(0).at(1);
  EXPECT_NEAR(bytes_of(across), 1.0 / 4, 1e-9);
  // Four trees, one for each rail; each crosses a trunk once.
  EXPECT_NEAR(multiplicity_on(across, cluster.routing->trunks[1].up) +
                  multiplicity_on(across, cluster.routing->trunks[2].up) +
                  multiplicity_on(across, cluster.routing->trunks[3].up) +
                  multiplicity_on(across, cluster.routing->trunks[0].up),
              8, 1e-9);  // this domain's and the root's
  request.algorithm = "ring";
  const double ring = bytes_of(cluster.plan(request).phases.at(0).at(1));
  EXPECT_NEAR(ring / bytes_of(across), 2 * 31.0 / 32, 1e-9);
}

TEST(Sharp, is_chosen_only_where_switches_reduce_and_the_plug_in_is_on) {
  ToyCluster cluster = infiniband({.domains = 8, .nvlink_sharp = false});
  Request request{.bytes = large, .groups = cluster.everyone()};
  EXPECT_NE(cluster.plan(request).algorithm, "sharp");
  request.collnet_allowed = true;
  EXPECT_EQ(cluster.plan(request).algorithm, "sharp");
  cluster.platform.scale_out.switches.name = "sn5600";
  EXPECT_NE(cluster.plan(request).algorithm, "sharp");
  request.algorithm = "sharp";
  EXPECT_THROW(static_cast<void>(cluster.plan(request)), ConfigError);
  cluster.platform.scale_out.switches.name = "qm9700";
  cluster.platform.scale_out.kind = hardware::ScaleOutKind::torus;
  EXPECT_THROW(static_cast<void>(cluster.plan(request)), ConfigError);
}

TEST(Pxn, keeps_to_the_rails_and_forwards_over_nvlink) {
  const ToyCluster cluster({.domains = 3, .domain_gpus = 4});
  const CollectivePlan plan = cluster.plan(
      {.operation = Operation::all_to_all, .bytes = large, .groups = cluster.everyone(), .algorithm = "pxn"});
  ASSERT_EQ(plan.phases.at(0).size(), 2U);
  // To three members of the domain: a twelfth each for themselves and for each of two peers on their rail.
  EXPECT_NEAR(bytes_of(plan.phases[0][0]), 3 * 3.0 / 12, 1e-9);
  EXPECT_NEAR(bytes_of(plan.phases[0][1]), 8.0 / 12, 1e-9);
}

TEST(AllToAllV, goes_at_the_pace_of_the_rank_that_receives_most) {
  const ToyCluster cluster({.domains = 4, .domain_gpus = 4});
  // Of a pairwise exchange's fifteen rounds three bring the busy rank its bytes over NVLink.
  for (const auto& [algorithm, pace] :
       {std::pair{"direct", 4.0}, std::pair{"pxn", 4.0}, std::pair{"pairwise", (12 * 4 + 3 * 0.8) / 15}}) {
    Request request{.operation = Operation::all_to_all_v,
                    .bytes = 16 * units::GB,
                    .groups = cluster.everyone(),
                    .algorithm = algorithm};
    request.weights.assign(16, 1.0);
    const Seconds even = cluster.time(request);
    request.operation = Operation::all_to_all;
    EXPECT_NEAR(cluster.time(request).in(even), 1, 0.01) << algorithm;
    request.operation = Operation::all_to_all_v;
    request.weights.assign(16, 0.8);
    request.weights[5] = 4;
    EXPECT_NEAR(cluster.time(request).in(even), pace, 0.15) << algorithm;
    std::swap(request.weights[5], request.weights[9]);
    EXPECT_NEAR(cluster.time(request).in(even), pace, 0.15) << algorithm;
  }
}

TEST(Pairwise, takes_as_many_rounds_as_peers_and_moves_the_same_bytes) {
  const ToyCluster cluster({.domains = 2, .domain_gpus = 4});
  const CollectivePlan plan = cluster.plan(
      {.operation = Operation::all_to_all, .bytes = large, .groups = cluster.everyone(), .algorithm = "pairwise"});
  ASSERT_EQ(plan.phases.size(), 7U);
  for (const Phase& phase : plan.phases) EXPECT_NEAR(bytes_of(phase.back()), 1.0 / 8, 1e-9);
}

TEST(TreeBroadcast, sends_half_a_buffer_down_each_tree) {
  for (const std::size_t domains : {2U, 5U, 8U}) {
    const ToyCluster cluster({.domains = domains, .domain_gpus = 1});
    for (const Operation operation : {Operation::broadcast, Operation::reduce}) {
      const CollectivePlan plan = cluster.plan(
          {.operation = operation, .bytes = large, .groups = cluster.everyone(), .algorithm = "tree_broadcast"});
      double received = 0;
      for (const ChannelLoad& load : *plan.phases.at(0).at(0).everyone) {
        for (const auto& gpu : cluster.routing->gpus) {
          const bool end = load.channel == (operation == Operation::broadcast ? gpu.from_leaf : gpu.to_leaf);
          if (!end) continue;
          EXPECT_LE(load.bytes.in(units::GB), 1 + 1e-9);
          received += load.bytes.in(units::GB);
        }
      }
      EXPECT_NEAR(received, static_cast<double>(domains - 1), 1e-9) << name_of(operation) << ' ' << domains;
    }
  }
}

TEST(TreeBroadcast, beats_the_chain_when_many_domains_wait_for_little) {
  const ToyCluster cluster({.domains = 64, .domain_gpus = 1});
  Request request{.operation = Operation::broadcast, .bytes = 1 * units::kB, .groups = cluster.everyone()};
  const Seconds chain = cluster.time(request);
  request.algorithm = "tree_broadcast";
  EXPECT_LT(cluster.time(request) * 4.0, chain);
}

TEST(Nvls, is_not_for_a_domain_with_a_dead_port) {
  ToyCluster cluster({});
  auto dead = std::make_shared<std::vector<bool>>(cluster.topology.fabric.channels().size(), false);
  Request request{.bytes = large, .groups = cluster.everyone()};
  cluster.topology.dead_channels = dead;
  EXPECT_EQ(cluster.plan(request).algorithm, "nvls");
  (*dead)[cluster.routing->gpus[3].down.index()] = true;
  EXPECT_EQ(cluster.plan(request).algorithm, "ring");
  request.groups = cluster.groups(1, 6, 0, 1);
  request.groups.front()[3] = cluster.topology.fabric.gpu(7);  // those that are alive
  EXPECT_EQ(cluster.plan(request).algorithm, "nvls");
}

}  // namespace
}  // namespace aifsim::collective
