// Ranks on GPUs: every rank on one, groups of every kind partition them, NVLink domains filled evenly.
#include "parallel/rank_map.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <set>
#include <string>

#include "base/error.hpp"

namespace aifsim::parallel {
namespace {

topology::Topology cluster(const std::string& type, int count) {
  const config::Document document = config::Document::parse(
      "nodes: {type: " + type + ", count: " + std::to_string(count) +
          "}\nscale_out: {topology: " + (count > 1 ? "rail-optimized, switch: qm9700" : "none") + "}\n",
      "x.yaml");
  const hardware::Platform platform = hardware::read_platform(document);
  document.check();
  return topology::build(platform);
}

TEST(EvenGpusPerDomain, fills_domains_with_whole_groups) {
  EXPECT_EQ(even_gpus_per_domain(256, 72, 4), 64);  // four NVL72 racks, not 3.6
  EXPECT_EQ(even_gpus_per_domain(72, 72, 4), 72);
  EXPECT_EQ(even_gpus_per_domain(128, 72, 8), 64);
  EXPECT_EQ(even_gpus_per_domain(16384, 8, 8), 8);
  EXPECT_EQ(even_gpus_per_domain(4, 8, 2), 4);    // less than a domain
  EXPECT_EQ(even_gpus_per_domain(32, 8, 16), 8);  // a group larger than a domain takes whole domains
  EXPECT_EQ(even_gpus_per_domain(4, 8, 8), 4);
}

TEST(EvenGpusPerDomain, holds_for_every_job) {
  for (int largest : {4, 8, 72}) {
    for (int group = 1; group < largest; ++group) {
      for (int groups = 1; groups < 60; ++groups) {
        const int gpus = group * groups;
        const int each = even_gpus_per_domain(gpus, largest, group);
        EXPECT_GE(each, 1);
        EXPECT_LE(each, largest);
        EXPECT_EQ(each % group, 0) << gpus << " by " << group;
        EXPECT_EQ(gpus % each, 0) << gpus << " by " << group;
      }
    }
  }
}

std::size_t members(const Groups& groups) {
  std::set<DeviceId> all;
  for (const auto& group : groups) all.insert(group.begin(), group.end());
  return all.size();
}

// All groups have `size` members and no GPU sits in two.
void expect_partition(const Groups& groups, std::size_t size, std::size_t ranks, const char* what) {
  std::size_t total = 0;
  for (const auto& group : groups) {
    EXPECT_EQ(group.size(), size) << what;
    total += group.size();
  }
  EXPECT_EQ(total, ranks) << what;
  EXPECT_EQ(members(groups), ranks) << what;
}

TEST(RankMap, groups_partition_the_ranks_of_a_stage) {
  const topology::Topology topology = cluster("dgx-h100", 16);
  std::mt19937 random(11);
  int tried = 0;
  while (tried < 150) {
    const auto degree = [&random](int most) { return 1 << (random() % static_cast<unsigned>(most)); };
    Plan plan{.tp = degree(4), .pp = degree(4), .cp = degree(3), .dp = degree(5)};
    if (plan.gpus() > 128) continue;
    ++tried;
    if (random() % 2 == 0)
      plan.shard_group =
          1 << (random() % (1 + static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(plan.data_ranks())))));
    const RankMap ranks(plan, topology, 0);
    const auto count = [](int value) { return static_cast<std::size_t>(value); };
    const std::size_t stage_ranks = count(plan.tp * plan.cp * plan.dp);
    std::set<DeviceId> all;
    for (int stage = 0; stage < plan.pp; ++stage) {
      const Groups tensor = ranks.tensor_groups(stage);
      expect_partition(tensor, count(plan.tp), stage_ranks, "tensor");
      expect_partition(ranks.context_groups(stage), count(plan.cp), stage_ranks, "context");
      expect_partition(ranks.shard_groups(stage), count(plan.shards()), stage_ranks, "shard");
      expect_partition(ranks.replica_groups(stage), count(plan.data_ranks() / plan.shards()), stage_ranks, "replica");
      if (plan.pp > 1) expect_partition(ranks.stage_pairs(stage, (stage + 1) % plan.pp), 2, 2 * stage_ranks, "pairs");
      for (const auto& group : tensor) all.insert(group.begin(), group.end());
      EXPECT_EQ(tensor.front().front(), ranks.gpu(0, 0, 0, stage));
      EXPECT_EQ(ranks.shard_groups(stage).front().front(), ranks.gpu(0, 0, 0, stage));
    }
    EXPECT_EQ(all.size(), count(plan.gpus()));
  }
}

TEST(RankMap, a_tensor_group_stays_in_its_nvlink_domain) {
  const topology::Topology topology = cluster("gb200-nvl72", 4);
  const Plan plan{.tp = 4, .pp = 16, .vp = 8, .dp = 4};
  const RankMap ranks(plan, topology, 0);
  EXPECT_EQ(ranks.gpus_per_domain(), 64);
  EXPECT_EQ(ranks.domains(), 4);
  for (int stage = 0; stage < plan.pp; ++stage) {
    for (const auto& group : ranks.tensor_groups(stage)) {
      for (const DeviceId gpu : group) {
        EXPECT_EQ(topology.routing->nvlink_domain(gpu), topology.routing->nvlink_domain(group.front()));
      }
    }
  }
}

TEST(RankMap, the_file_may_place_otherwise) {
  const topology::Topology topology = cluster("gb200-nvl72", 4);
  const RankMap ranks({.tp = 4, .dp = 16}, topology, 16);
  EXPECT_EQ(ranks.gpus_per_domain(), 16);
  EXPECT_EQ(ranks.domains(), 4);
}

std::string refusal(const Plan& plan, const topology::Topology& topology, int gpus_per_domain) {
  try {
    const RankMap ranks(plan, topology, gpus_per_domain);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(RankMap, says_when_gpus_run_out) {
  const topology::Topology topology = cluster("dgx-h100", 2);
  EXPECT_EQ(
      refusal({.tp = 8, .dp = 3}, topology, 0),
      "parallelism: expected at most the 16 GPUs that the platform offers (8 in each NVLink domain), got 24 ranks "
      "(tp x cp x dp x pp) (add nodes with --set nodes.count=…, or set placement.gpus_per_domain)");
  EXPECT_EQ(refusal({.tp = 2, .dp = 8}, topology, 4),
            "parallelism: expected at most the 8 GPUs that the platform offers (4 in each NVLink domain), got 16 ranks "
            "(tp x cp x dp x pp) (add nodes with --set nodes.count=…, or set placement.gpus_per_domain)");
  EXPECT_EQ(refusal({.tp = 8, .dp = 2}, topology, 0), "");
}

}  // namespace
}  // namespace aifsim::parallel
