#include <gtest/gtest.h>

#include "base/error.hpp"
#include "collective/toy_cluster.hpp"

namespace aifsim::collective {
namespace {

using testing::multiplicity_on;
using testing::ToyCluster;

constexpr Bytes large = 1 * units::GB;

double bytes_of(const PhaseFlow& flow) { return flow.bytes.in(units::GB); }

TEST(Ring, carries_the_textbook_volume_on_each_port) {
  const ToyCluster cluster({.domain_gpus = 4});
  Request request{
      .operation = Operation::all_reduce, .bytes = large, .groups = cluster.everyone(), .algorithm = "ring"};
  const CollectivePlan plan = cluster.plan(request);
  ASSERT_EQ(plan.phases.size(), 1U);
  ASSERT_EQ(plan.phases[0].size(), 1U);
  EXPECT_NEAR(bytes_of(plan.phases[0][0]), 1.5, 1e-9);
  request.operation = Operation::all_gather;
  EXPECT_NEAR(bytes_of(cluster.plan(request).phases[0][0]), 0.75, 1e-9);
}

TEST(Ring, spreads_what_leaves_a_domain_over_the_members_nics) {
  const ToyCluster cluster({.domains = 4, .domain_gpus = 8});
  const Request request{
      .operation = Operation::all_gather, .bytes = large, .groups = cluster.everyone(), .algorithm = "ring"};
  const CollectivePlan plan = cluster.plan(request);
  ASSERT_EQ(plan.phases.at(0).size(), 2U);
  const double volume = 31.0 / 32;
  EXPECT_NEAR(bytes_of(plan.phases[0][0]), volume * 7 / 8, 1e-9);
  EXPECT_NEAR(bytes_of(plan.phases[0][1]), volume / 8, 1e-9);
  EXPECT_NEAR(multiplicity_on(plan.phases[0][1], cluster.routing->trunks[0].up), 8, 1e-9);
}

TEST(Ring, counts_the_other_groups_on_shared_trunks) {
  const ToyCluster cluster({.domains = 4, .domain_gpus = 8, .oversubscription = 4});
  // Eight data-parallel groups, one per rail: each NIC carries its own ring, the trunk all eight.
  const Request request{.operation = Operation::reduce_scatter,
                        .bytes = large,
                        .groups = cluster.groups(8, 4, 1, 8),
                        .algorithm = "ring"};
  const CollectivePlan plan = cluster.plan(request);
  const PhaseFlow& flow = plan.phases.at(0).at(0);
  EXPECT_NEAR(bytes_of(flow), 0.75, 1e-9);
  EXPECT_EQ(flow.path.size(), 6U);
  EXPECT_NEAR(multiplicity_on(flow, cluster.routing->trunks[0].up), 8, 1e-9);
  EXPECT_GE(cluster.time(request), 0.75 * units::GB * 8 / (100 * units::GB_per_s));
}

TEST(Ring, is_represented_by_its_slowest_member) {
  const ToyCluster cluster({.domains = 3, .domain_gpus = 2, .oversubscription = 2});
  // Two groups share the trunk from domain 1 to domain 2; the first group's first flow, from domain 0, shares nothing.
  const auto gpu = [&](std::size_t i) { return cluster.topology.fabric.gpu(i); };
  const Request request{.operation = Operation::send_receive,
                        .bytes = large,
                        .groups = {{gpu(0), gpu(2)}, {gpu(2), gpu(4)}, {gpu(3), gpu(5)}}};
  const PhaseFlow flow = cluster.plan(request).phases.at(0).at(0);
  EXPECT_NEAR(multiplicity_on(flow, cluster.routing->trunks[1].up), 2, 1e-9);
}

TEST(Tree, moves_the_buffer_once_between_two_domains_and_twice_between_more) {
  for (const std::size_t domains : {2U, 4U, 8U}) {
    const ToyCluster cluster({.domains = domains, .domain_gpus = 1});
    const Request request{
        .operation = Operation::all_reduce, .bytes = large, .groups = cluster.everyone(), .algorithm = "tree"};
    const PhaseFlow flow = cluster.plan(request).phases.at(0).at(0);
    EXPECT_NEAR(bytes_of(flow), domains == 2 ? 1.0 : 2.0, 1e-9) << domains;
  }
}

TEST(Nvls, loads_each_port_with_about_one_buffer) {
  const ToyCluster cluster({});
  const Request request{.operation = Operation::all_reduce, .bytes = large, .groups = cluster.everyone()};
  const CollectivePlan plan = cluster.plan(request);
  EXPECT_EQ(plan.algorithm, "nvls");
  EXPECT_NEAR(bytes_of(plan.phases.at(0).at(0)), 1.125, 1e-9);
}

TEST(Nvls, is_not_for_switches_that_cannot_jobs_that_may_not_and_few_ranks) {
  const Bytes bytes = large;
  const ToyCluster plain({.nvlink_sharp = false});
  EXPECT_EQ(plain.plan({.bytes = bytes, .groups = plain.everyone()}).algorithm, "ring");
  const ToyCluster sharp({});
  EXPECT_EQ(sharp.plan({.bytes = bytes, .groups = sharp.everyone(), .nvls_allowed = false}).algorithm, "ring");
  EXPECT_EQ(sharp.plan({.bytes = bytes, .groups = sharp.groups(2, 4, 4, 1)}).algorithm, "ring");
  const ToyCluster ampere({.architecture = "ampere"});
  EXPECT_EQ(ampere.plan({.bytes = bytes, .groups = ampere.everyone()}).algorithm, "ring");
}

TEST(Direct, sends_each_peer_its_share) {
  const ToyCluster cluster({.domains = 2, .domain_gpus = 4});
  const CollectivePlan plan =
      cluster.plan({.operation = Operation::all_to_all, .bytes = large, .groups = cluster.everyone()});
  ASSERT_EQ(plan.phases.at(0).size(), 2U);
  EXPECT_NEAR(bytes_of(plan.phases[0][0]), 3.0 / 8, 1e-9);
  EXPECT_NEAR(bytes_of(plan.phases[0][1]), 4.0 / 8, 1e-9);
  EXPECT_NEAR(multiplicity_on(plan.phases[0][1], cluster.routing->trunks[0].up), 4, 1e-9);
  // A receiver's NIC takes in as much as a sender's lets out.
  std::size_t receivers = 0;
  for (const auto& gpu : cluster.routing->gpus) {
    const double load = multiplicity_on(plan.phases[0][1], gpu.from_leaf);
    if (load == 0) continue;
    EXPECT_NEAR(load, 1, 1e-9);
    ++receivers;
  }
  EXPECT_GE(receivers, 2U);
}

TEST(Auto, takes_a_tree_for_short_and_a_ring_for_long_messages_between_nodes) {
  const ToyCluster cluster({.domains = 8, .domain_gpus = 4, .nvlink_sharp = false});
  EXPECT_EQ(cluster.plan({.bytes = 8 * units::kB, .groups = cluster.everyone()}).algorithm, "tree");
  EXPECT_EQ(cluster.plan({.bytes = 4 * units::GB, .groups = cluster.everyone()}).algorithm, "ring");
}

TEST(Auto, is_never_slower_than_an_algorithm_that_it_weighs) {
  const ToyCluster cluster({.domains = 2});
  for (const double bytes : {1e3, 1e5, 1e7, 1e9}) {
    Request request{.bytes = bytes * units::B, .groups = cluster.everyone()};
    const Seconds automatic = cluster.time(request);
    for (const char* algorithm : {"ring", "tree", "nvls_tree"}) {
      request.algorithm = algorithm;
      EXPECT_LE(automatic, cluster.time(request)) << algorithm << ' ' << bytes;
    }
  }
}

TEST(Plan, of_one_rank_or_no_bytes_is_empty) {
  const ToyCluster cluster({});
  EXPECT_EQ(cluster.time({.bytes = large, .groups = cluster.groups(8, 1, 1, 1)}), Seconds{});
  EXPECT_EQ(cluster.time({.bytes = Bytes{}, .groups = cluster.everyone()}), Seconds{});
}

TEST(Plan, names_the_algorithm_nearest_to_an_unknown_one) {
  const ToyCluster cluster({});
  const Request request{.bytes = large, .groups = cluster.everyone(), .algorithm = "rings"};
  try {
    static_cast<void>(cluster.plan(request));
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.problems().at(0).got, "rings");
    EXPECT_EQ(error.problems().at(0).hint, "did you mean `ring`?");
  }
}

TEST(Plan, refuses_an_algorithm_that_cannot_do_the_operation) {
  const ToyCluster cluster({});
  const Request request{
      .operation = Operation::all_to_all, .bytes = large, .groups = cluster.everyone(), .algorithm = "tree"};
  EXPECT_THROW(static_cast<void>(cluster.plan(request)), ConfigError);
}

TEST(Operations, have_names_that_read_back) {
  for (const Operation operation :
       {Operation::all_reduce, Operation::all_gather, Operation::reduce_scatter, Operation::all_to_all,
        Operation::broadcast, Operation::reduce, Operation::send_receive}) {
    EXPECT_EQ(operation_named(name_of(operation)), operation);
  }
  EXPECT_EQ(operation_named("allreduce"), std::nullopt);
  EXPECT_GE(list_algorithms().size(), 14U);
}

}  // namespace
}  // namespace aifsim::collective
