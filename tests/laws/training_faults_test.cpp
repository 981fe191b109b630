// Faults in the middle of a training run, on every kind of network: nothing hangs, every fault is told, what is gone is
// never faster, runs repeat.
#include <gtest/gtest.h>

#include "laws/training_draw.hpp"

namespace aifsim {
namespace {

using test::Draw;

const std::array<std::string, 11> networks{"topology: rail-optimized, switch: qm9700, routing: adaptive",
                                           "topology: rail-optimized, switch: qm9700, routing: rail-aligned",
                                           "topology: fat-tree, switch: qm9700, routing: ecmp, unit_nodes: 2",
                                           "topology: dual-plane, switch: qm9700",
                                           "topology: rail-only, switch: qm9700",
                                           "topology: torus, dims: [4, 2], switch: qm9700",
                                           "topology: hyperx, dims: [4, 2], switch: qm9700",
                                           "topology: full-mesh, switch: qm9700",
                                           "topology: dragonfly, switch: qm9700, group_switches: 2, global_links: 2",
                                           "topology: ocs-rails, switch: ocs-palomar",
                                           "topology: ocs-rails, switch: ocs-palomar, repair: false"};

const std::string workload =
    "kind: training\nmodel: {layers: 4, hidden: 2048, ffn_hidden: 8192, heads: 16, kv_heads: 8, "
    "vocab: 32000}\n" +
    test::plain_framework +
    "sequence: 4096\nglobal_batch: 64\nprecision: bf16\nparallelism: {tp: 4, pp: 2, dp: 8, "
    "sharding: distributed-optimizer}\noverlap: {gradient_reduce: false, parameter_gather: "
    "false, tensor_parallel: false, context_parallel: false, pipeline: false}\n";

std::string platform_with(const std::string& network, const std::string& faults) {
  return "nodes: {type: dgx-h100, count: 8}\nscale_out: {" + network + "}\nfaults: [" + faults + "]\n";
}

// A cable, NIC, switch or GPU of the platform, at some time of the first seconds.
std::string random_fault(const std::string& network, std::mt19937& random) {
  const auto topology = topology::build(test::platform_of(platform_with(network, "")));
  const topology::Fabric& fabric = topology.fabric;
  const std::string part = random() % 3 == 0 ? fabric.name(DeviceId{random() % fabric.devices().size()})
                                             : fabric.name(ChannelId{random() % fabric.channels().size()});
  const double at = 0.001 * static_cast<double>(1 + random() % 3000);
  std::string text = "{part: " + part + ", dead: true, at: " + std::to_string(at) + " s";
  if (random() % 3 == 0) text += ", until: " + std::to_string(at + 0.4) + " s";
  return text + "}";
}

// For each report: effect, flows, steps before, hit, after.
std::vector<double> run(const std::string& platform) {
  return test::on_engine(
      {.platform = platform, .workload = workload}, engine::NetworkKind::fluid,
      [](const auto& setup, task::Executor& executor) {
        std::vector<double> figures;
        for (const auto& fault : study::simulate_training(setup, executor).job.faults) {
          const bool failed = fault.effect == "failed";
          figures.insert(figures.end(),
                         {failed ? 1.0 : 0.0, static_cast<double>(fault.flows_rerouted), fault.step_before.in(units::s),
                          fault.step_hit.in(units::s), fault.step_after.in(units::s)});
        }
        return figures;
      });
}

TEST(TrainingFaults, every_run_ends_and_tells_its_faults) {
  std::mt19937 random(11);
  int rerouted = 0, failed = 0;
  for (const std::string& network : networks) {
    for (int i = 0; i < 5; ++i) {
      const std::string platform = platform_with(network, random_fault(network, random));
      const std::vector<double> figures = run(platform);
      ASSERT_GE(figures.size(), 5U) << platform;
      if (i == 0) {
        EXPECT_EQ(figures, run(platform)) << platform;
      }
      rerouted += figures[1] > 0 ? 1 : 0;
      failed += figures[0] > 0 ? 1 : 0;
      if (figures[0] > 0) continue;
      // The hit step starts in the old state and ends in the new one: it is as slow as the faster of them, at least.
      EXPECT_GE(figures[3], std::min(figures[2], figures[4]) * (1 - 1e-3)) << platform;
      // Hashing again may spread better; everything else only loses.
      if (network.find("ecmp") == std::string::npos) {
        EXPECT_GE(figures[4], figures[2] * (1 - 1e-6)) << platform;
      }
    }
  }
  EXPECT_GT(rerouted, 5);
  EXPECT_GT(failed, 5);
}

TEST(TrainingFaults, a_flap_leaves_the_run_as_it_was) {
  const std::vector<double> figures =
      run(platform_with(networks[1], "{part: node1/nic0, dead: true, at: 1 s, until: 60 s}"));
  ASSERT_EQ(figures.size(), 10U);
  EXPECT_GT(figures[1], 0);
  EXPECT_GT(figures[4], figures[2] * 1.01);
  EXPECT_NEAR(figures[9], figures[2], 1e-9 * figures[2]);
}

TEST(TrainingFaults, the_slowest_gpu_sets_the_pace) {
  const auto step = [](const std::string& faults) {
    return test::on_engine({.platform = platform_with(networks[0], faults), .workload = workload},
                           engine::NetworkKind::fluid, [](const auto& setup, task::Executor& executor) {
                             return std::vector<double>{test::seconds_of(study::simulate_training(setup, executor))};
                           })[0];
  };
  const double usual = step(""), slow = step("{part: node5/gpu3, factor: 0.5}");
  EXPECT_GT(slow, usual * 1.2);
  EXPECT_LT(slow, usual * 2);
  EXPECT_EQ(slow, step("{part: node5/gpu3, factor: 0.5}, {part: node5/gpu4, factor: 0.7}"));
}

}  // namespace
}  // namespace aifsim
