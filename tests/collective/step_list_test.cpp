#include "collective/step_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "collective/toy_cluster.hpp"

namespace aifsim::collective {
namespace {

using ::testing::HasSubstr;
using testing::ToyCluster;

StepList parse(const std::string& yaml) {
  const config::Document document = config::Document::parse(yaml, "steps.yaml");
  StepList list = read_step_list(document);
  document.check();
  return list;
}

// A ring of `ranks`: reduce_scatter, then all_gather.
std::string ring_yaml(int ranks) {
  std::string yaml = "operation: all_reduce\nranks: " + std::to_string(ranks) + "\nsteps:\n";
  for (int step = 0; step < 2 * (ranks - 1); ++step) {
    std::string line = "  - [";
    for (int rank = 0; rank < ranks; ++rank) {
      const int chunk = ((rank - step) % ranks + ranks) % ranks;
      line += "{from: " + std::to_string(rank) + ", to: " + std::to_string((rank + 1) % ranks) +
              ", chunks: " + std::to_string(chunk) + (step < ranks - 1 ? ", reduce: true}, " : "}, ");
    }
    yaml += line + "]\n";
  }
  return yaml;
}

TEST(StepList, of_a_ring_costs_what_the_ring_costs) {
  const ToyCluster cluster({.domain_gpus = 8});
  Request request{.bytes = 8 * units::GB, .groups = cluster.everyone(), .algorithm = "ring"};
  const Seconds ring = cluster.time(request);
  request.steps = std::make_shared<StepList>(parse(ring_yaml(8)));
  const CollectivePlan plan = cluster.plan(request);
  EXPECT_EQ(plan.phases.size(), 14U);
  EXPECT_EQ(plan.algorithm, "steps");
  EXPECT_NEAR(cluster.time(request).in(ring), 1, 0.05);
}

TEST(StepList, shipped_files_read) {
  for (const char* name : {"recursive-doubling-8", "rail-all-gather-16"}) {
    const std::string path = std::string(AIFSIM_SOURCE_DIR "/workloads/collectives/") + name + ".yaml";
    EXPECT_NO_THROW(static_cast<void>(load_step_list(path))) << name;
  }
}

TEST(StepList, is_for_its_operation_and_its_ranks) {
  const ToyCluster cluster({.domain_gpus = 8});
  Request request{.bytes = 1 * units::MB, .groups = cluster.groups(1, 4, 0, 1)};
  request.steps = std::make_shared<StepList>(parse(ring_yaml(8)));
  EXPECT_THROW(static_cast<void>(cluster.plan(request)), ConfigError);
  request.groups = cluster.everyone();
  EXPECT_NO_THROW(static_cast<void>(cluster.plan(request)));
  request.operation = Operation::all_gather;
  EXPECT_THROW(static_cast<void>(cluster.plan(request)), ConfigError);
}

TEST(StepList, an_all_to_all_has_a_chunk_for_each_pair) {
  const StepList list = parse(
      "operation: all_to_all\nranks: 2\nsteps:\n  - [{from: 0, to: 1, chunks: 1}, {from: 1, to: 0, chunks: 2}]\n");
  EXPECT_DOUBLE_EQ(list.chunk_share(), 0.5);
}

void expect_problem(const std::string& yaml, const std::string& message) {
  try {
    static_cast<void>(parse(yaml));
    ADD_FAILURE() << "accepted: " << yaml;
  } catch (const ConfigError& error) {
    std::string all;
    for (const Problem& problem : error.problems()) all += problem.message() + '\n';
    EXPECT_THAT(all, HasSubstr(message));
  }
}

TEST(StepList, mistakes_say_where_and_what) {
  const std::string head = "operation: broadcast\nranks: 3\nchunks: 2\nsteps:\n";
  const std::string down = head + "  - [{from: 0, to: 1, chunks: 0-1}]\n";
  expect_problem(head + "  - [{from: 0, to: 3, chunks: 0}]\n",
                 "steps.yaml:5:20: steps[0][0].to: expected an integer from 0 to 2, got 3");
  expect_problem(head + "  - [{from: 0, to: 1, chunks: 2}]\n",
                 "expected a chunk from 0 to 1, or several such as 0-3, got 2");
  expect_problem(head + "  - [{from: 1, to: 0, chunks: 0}]\n", "expected a chunk that rank 1 has by then, got chunk 0");
  expect_problem(head + "  - [{from: 0, to: 0, chunks: 0}]\n", "expected two different ranks, got rank 0 twice");
  expect_problem(head + "  - [{from: 0, to: 1, chunks: [0, 0]}]\n", "expected different chunks");
  expect_problem(head + "  - [{from: 0, to: 1, chunk: 0}]\n", "chunk");
  // In one step: rank 1 does not have it yet.
  expect_problem(head + "  - [{from: 0, to: 1, chunks: 0-1}, {from: 1, to: 2, chunks: 0}]\n",
                 "that rank 1 has by then");
  expect_problem(down,
                 "expected steps that end with a complete broadcast, got rank 2 without all of chunk 0, and 1 more");
  expect_problem(down + "  - [{from: 0, to: 2, chunks: 0}, {from: 1, to: 2, chunks: 0}]\n",
                 "expected one message for chunk 0");
  expect_problem("operation: all_gather\nranks: 3\nchunks: 4\nsteps: [[]]\n",
                 "expected a multiple of the 3 ranks, got 4");
  expect_problem("operation: all_redcue\nranks: 3\nsteps: [[]]\n", "all_reduce");
  expect_problem(
      "operation: all_reduce\nranks: 2\nchunks: 1\nsteps:\n  - [{from: 0, to: 1, chunks: 0, reduce: true}]\n"
      "  - [{from: 1, to: 0, chunks: 0, reduce: true}]\n",
      "expected every rank's part added once, got chunk 0 with parts that rank 0 has already");
  EXPECT_NO_THROW(static_cast<void>(parse(down + "  - [{from: 1, to: 2, chunks: 0}, {from: 0, to: 2, chunks: 1}]\n")));
}

}  // namespace
}  // namespace aifsim::collective
