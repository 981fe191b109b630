// Optical circuits that turn between the communication phases of a step.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "metrics/breakdown.hpp"
#include "metrics/timeline.hpp"
#include "training/job_case.hpp"
#include "training/step_graph.hpp"

namespace aifsim {
namespace {

using test::JobCase;

std::string rails(const std::string& more) {
  return "nodes: {type: dgx-h100, count: 8}\nscale_out: {topology: ocs-rails, switch: ocs-palomar, " + more + "}\n";
}
const std::string plain_rails =
    "nodes: {type: dgx-h100, count: 8}\nscale_out: {topology: rail-only, medium: ocs-port}\n";

std::string job(const std::string& parallelism, const std::string& more = {}) {
  return "kind: training\nmodel: {layers: 8, hidden: 4096, ffn_hidden: 14336, heads: 32, kv_heads: 8, vocab: 32000}\n"
         "framework: {source: test, step_overhead: 1 ms}\nsequence: 4096\nglobal_batch: 64\nprecision: bf16\n"
         "recompute: auto\nparallelism: " +
         parallelism + "\n" + more;
}
const std::string pipelined = job("{tp: 8, pp: 4, dp: 2}");

// One step, every micro-batch, on the executor without contention.
struct Step {
  Step(const std::string& platform, const std::string& workload)
      : job_case(platform, workload),
        setup(job_case.prepare()),
        step(training::build_step(setup, setup.job.micro_batches())),
        timeline(step.graph.size()) {
    const auto executor = test::ideal_executor(job_case.topology.fabric);
    executor->submit(step.graph, timeline, [] {});
    executor->run();
  }
  [[nodiscard]] double seconds() const { return timeline.elapsed().in(units::s); }
  [[nodiscard]] const std::string& text(std::size_t i) const {
    return step.graph.text(step.graph.task(TaskId(i)).label);
  }
  [[nodiscard]] bool turns(std::size_t i) const { return text(i).starts_with("ocs:turn"); }
  [[nodiscard]] std::size_t turn_count() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < step.graph.size(); ++i) count += turns(i) ? 1U : 0U;
    return count;
  }
  [[nodiscard]] double exposed() const {
    double sum = 0;
    for (const auto& [cause, time] : metrics::exposed_breakdown(step.graph, timeline, setup.stages.back().gpu)) {
      if (cause == "ocs") sum += time.in(units::s);
    }
    return sum;
  }

  JobCase job_case;
  training::TrainingSetup setup;
  training::StepGraph step;
  metrics::Timeline timeline;
};

double time_at(const std::string& turning, const std::string& workload = pipelined, const std::string& more = {}) {
  return Step(rails("policy: per-phase, turning_time: " + turning + more), workload).seconds();
}

TEST(CircuitSchedule, without_turning_time_it_is_a_rail_of_switches) {
  for (const char* parallelism : {"{tp: 8, pp: 2, dp: 4}", "{tp: 8, dp: 8}", "{tp: 4, dp: 16, sharding: fsdp}"}) {
    const double turned = time_at("0 s", job(parallelism));
    EXPECT_NEAR(turned / Step(plain_rails, job(parallelism)).seconds(), 1, 0.01) << parallelism;
  }
}

TEST(CircuitSchedule, a_longer_turn_never_shortens_a_step) {
  for (const char* prefetch : {"true", "false"}) {
    double before = 0;
    for (const char* turning : {"0 s", "10 us", "1 ms", "25 ms", "500 ms"}) {
      const double now = time_at(turning, pipelined, std::string(", prefetch: ") + prefetch);
      EXPECT_GE(now, before * (1 - 1e-12)) << turning;
      before = now;
    }
  }
  EXPECT_GT(time_at("500 ms"), time_at("0 s") + 0.5);
}

TEST(CircuitSchedule, turning_ahead_is_never_slower_than_on_demand) {
  for (const char* turning : {"10 us", "1 ms", "25 ms"}) {
    EXPECT_LE(time_at(turning), time_at(turning, pipelined, ", prefetch: false") * (1 + 1e-12)) << turning;
  }
}

TEST(CircuitSchedule, one_dimension_on_the_rails_never_turns) {
  const Step step(rails("policy: per-phase, turning_time: 25 ms"), job("{tp: 8, dp: 8}"));
  EXPECT_EQ(step.turn_count(), 0U);
  EXPECT_EQ(time_at("25 ms", job("{tp: 8, dp: 8}")), time_at("0 s", job("{tp: 8, dp: 8}")));
}

TEST(CircuitSchedule, static_circuits_do_not_ask_for_the_turning_time) {
  const double slow = Step(rails("turning_time: 10 s"), pipelined).seconds();
  EXPECT_EQ(slow, Step(rails("turning_time: 1 us"), pipelined).seconds());
  EXPECT_EQ(Step(rails("policy: static"), pipelined).turn_count(), 0U);
}

TEST(CircuitSchedule, what_is_exposed_is_in_the_breakdown) {
  const Step slow(rails("policy: per-phase, turning_time: 100 ms, prefetch: false"), pipelined);
  EXPECT_GE(slow.turn_count(), 4U * 2);  // of every stage: to the pipeline and back
  EXPECT_GE(slow.exposed(), 0.1);
  EXPECT_LE(slow.exposed(), slow.seconds());
}

bool crosses_nic(const Step& step, std::size_t task, DeviceId nic) {
  const topology::Fabric& fabric = step.job_case.topology.fabric;
  for (const ChannelUse& use : step.step.graph.channels(step.step.graph.task(TaskId(task)).path)) {
    const topology::Channel& channel = fabric.channel(use.channel);
    const bool out = channel.from == nic && fabric.device(channel.to).kind == topology::DeviceKind::ocs;
    const bool in = channel.to == nic && fabric.device(channel.from).kind == topology::DeviceKind::ocs;
    if (out || in) return true;
  }
  return false;
}

// The recorded timeline: of a stage's NIC no circuit carries anything between the beginning and the end of a turn.
class TurningLaw : public testing::TestWithParam<const char*> {};
TEST_P(TurningLaw, circuits_that_turn_carry_nothing) {
  const Step step(rails("policy: per-phase, turning_time: 5 ms"), job(GetParam()));
  const task::TaskGraph& graph = step.step.graph;
  std::size_t compared = 0;
  for (std::size_t turn = 0; turn < graph.size(); ++turn) {
    if (!step.turns(turn)) continue;
    const DeviceId nic = step.job_case.topology.routing->nic_of(graph.task(TaskId(turn)).device);
    for (std::size_t flow = 0; flow < graph.size(); ++flow) {
      if (graph.task(TaskId(flow)).kind != task::TaskKind::flow || !crosses_nic(step, flow, nic)) continue;
      const bool before = step.timeline.finish(TaskId(flow)) <= step.timeline.start(TaskId(turn));
      const bool after = step.timeline.start(TaskId(flow)) >= step.timeline.finish(TaskId(turn));
      EXPECT_TRUE(before || after) << step.text(turn) << " and " << step.text(flow);
      ++compared;
    }
  }
  EXPECT_GT(compared, 0U);
}
INSTANTIATE_TEST_SUITE_P(Jobs, TurningLaw,
                         testing::Values("{tp: 8, pp: 4, dp: 2}", "{tp: 4, pp: 4, dp: 4}",
                                         "{tp: 8, pp: 2, vp: 2, dp: 4}", "{tp: 4, pp: 2, dp: 8, sharding: fsdp}",
                                         "{tp: 8, cp: 2, pp: 2, dp: 2}"),
                         [](const auto& row) { return "job" + std::to_string(row.index); });

}  // namespace
}  // namespace aifsim
