// More bytes never take less time; who holds which rank does not matter; halves make a whole.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "collective/toy_cluster.hpp"

namespace aifsim::collective {
namespace {

using testing::ToyCluster;

TEST(CollectiveLaw, time_grows_with_bytes_for_a_fixed_algorithm) {
  const ToyCluster cluster({.domains = 3, .domain_gpus = 8});
  const ToyCluster domain({.architecture = "blackwell", .nvlink = 900 * units::GB_per_s});
  struct Case {
    const ToyCluster* cluster;
    Operation operation;
    const char* algorithm;
  };
  for (const Case& c :
       {Case{&cluster, Operation::all_reduce, "ring"}, Case{&cluster, Operation::all_reduce, "tree"},
        Case{&cluster, Operation::all_reduce, "nvls_tree"}, Case{&domain, Operation::all_reduce, "nvls"},
        Case{&domain, Operation::all_gather, "ring"}, Case{&cluster, Operation::all_to_all, "direct"},
        Case{&cluster, Operation::broadcast, "chain"}, Case{&domain, Operation::send_receive, "send_receive"}}) {
    Seconds before;
    for (double bytes = 8; bytes < 2e10; bytes *= 1.3) {
      const Seconds now = c.cluster->time({.operation = c.operation,
                                           .bytes = bytes * units::B,
                                           .groups = c.cluster->everyone(),
                                           .algorithm = c.algorithm});
      EXPECT_GE(now, before) << c.algorithm << ' ' << bytes;
      before = now;
    }
  }
}

TEST(CollectiveLaw, permuting_equal_ranks_and_groups_changes_nothing) {
  const ToyCluster cluster({.domains = 4, .domain_gpus = 8, .oversubscription = 3});
  std::mt19937 random(3);
  for (const Operation operation :
       {Operation::all_reduce, Operation::all_gather, Operation::all_to_all, Operation::reduce_scatter}) {
    for (const double bytes : {1e4, 1e6, 1e9}) {
      Request request{.operation = operation, .bytes = bytes * units::B, .groups = cluster.groups(4, 8, 2, 4)};
      for (std::size_t k = 0; k < 4; ++k) {
        request.groups[k].clear();  // two neighbours of each domain
        for (std::size_t d = 0; d < 4; ++d) {
          for (std::size_t i = 0; i < 2; ++i)
            request.groups[k].push_back(cluster.topology.fabric.gpu(d * 8 + k * 2 + i));
        }
      }
      const Seconds expected = cluster.time(request);
      for (int i = 0; i < 5; ++i) {
        for (auto& group : request.groups) std::shuffle(group.begin(), group.end(), random);
        std::shuffle(request.groups.begin(), request.groups.end(), random);
        EXPECT_NEAR(cluster.time(request).in(expected), 1, 1e-12) << name_of(operation) << ' ' << bytes;
      }
    }
  }
}

TEST(CollectiveLaw, gather_and_scatter_make_a_ring_all_reduce) {
  for (const std::size_t domains : {1U, 4U}) {
    const ToyCluster cluster({.domains = domains});
    const auto bytes_and_time = [&](Operation operation, Bytes bytes) {
      const Request request{.operation = operation, .bytes = bytes, .groups = cluster.everyone(), .algorithm = "ring"};
      const CollectivePlan plan = cluster.plan(request);
      return std::pair{plan.phases.at(0).back().bytes, lone_time(plan, cluster.topology.fabric)};
    };
    const Bytes bytes = 8 * units::GB;
    const auto whole = bytes_and_time(Operation::all_reduce, bytes);
    const auto gather = bytes_and_time(Operation::all_gather, bytes);
    const auto scatter = bytes_and_time(Operation::reduce_scatter, bytes);
    EXPECT_NEAR((gather.first + scatter.first).in(whole.first), 1, 1e-12);
    EXPECT_NEAR((gather.second + scatter.second).in(whole.second), 1, 0.05);
  }
}

}  // namespace
}  // namespace aifsim::collective
