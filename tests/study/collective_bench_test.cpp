#include "study/collective_bench.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "config/node.hpp"
#include "engine/simgrid_executor.hpp"

namespace aifsim::study {
namespace {

struct Cluster {
  explicit Cluster(const std::string& more = "") {
    const config::Document document = config::Document::parse(
        "nodes: {type: dgx-h100, count: 4}\nscale_out: {topology: rail-optimized, switch: qm9700}\n" + more,
        "platform");
    platform = hardware::read_platform(document);
    document.check();
    topology = topology::build(platform);
    executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  }
  BenchRow run(collective::Operation operation, bool unfolded, const char* algorithm) {
    BenchRequest request{.operation = operation, .algorithm = algorithm, .sizes = {units::GiB * 1.0}};
    request.unfolded = unfolded;
    return run_bench(request, platform, topology, *executor).rows.front();
  }
  hardware::Platform platform;
  topology::Topology topology;
  std::unique_ptr<task::Executor> executor;
};

class Ring : public testing::TestWithParam<const char*> {};  // what is broken

TEST_P(Ring, unfolded_takes_as_long_as_its_slowest_rank) {
  Cluster cluster(GetParam());
  const BenchRow folded = cluster.run(collective::Operation::all_reduce, false, "ring");
  const BenchRow unfolded = cluster.run(collective::Operation::all_reduce, true, "ring");
  EXPECT_EQ(folded.flows, 2U);
  EXPECT_EQ(unfolded.flows, 8U * 2 * 32);  // eight pieces; 32 ranks, each with an edge within and one across
  // Behind a slow edge the others idle, and one piece drains at the end.
  EXPECT_GE(unfolded.time, folded.time * (1 - 1e-9));
  EXPECT_LE(unfolded.time, folded.time * (1 + 1.0 / 8));
}
INSTANTIATE_TEST_SUITE_P(Broken, Ring, testing::Values("", "faults:\n  - {part: node2/nic3→leaf0, factor: 0.25}\n"),
                         [](const auto& test) { return test.index == 0 ? "nothing" : "a_cable"; });

TEST(CollectiveBench, what_cannot_be_unfolded_is_refused) {
  Cluster cluster;
  EXPECT_THROW(static_cast<void>(cluster.run(collective::Operation::all_reduce, true, "tree")), ConfigError);
  EXPECT_NO_THROW(static_cast<void>(cluster.run(collective::Operation::broadcast, true, "chain")));
}

}  // namespace
}  // namespace aifsim::study
