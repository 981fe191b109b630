// Training steps on changed networks: SimGrid's own model, faster channels, nodes in another order.
#include <gtest/gtest.h>

#include <cmath>

#include "laws/training_draw.hpp"

namespace aifsim {
namespace {

using engine::NetworkKind;
using test::Draw;
using test::JobCase;

// SimGrid's network counts whole flows: spraying over equal-cost paths makes fractions it cannot show, and many
// thousand flows take it long.
bool simgrid_can_show(const training::StepGraph& step) {
  double most = 0;
  for (std::size_t path = 0; path < step.graph.path_count(); ++path) {
    for (const ChannelUse& use : step.graph.channels(PathId(path))) {
      if (use.multiplicity != std::floor(use.multiplicity)) return false;
      most = std::max(most, use.multiplicity);
    }
  }
  return most <= 64;
}

TEST(TrainingNetworkLaw, simgrid_and_fluid_agree) {
  test::JobDraw jobs(77);
  int compared = 0;
  for (int i = 0; i < 60 && compared < 8; ++i) {
    const Draw draw = jobs.next();
    if (draw.micro_batches > 8) continue;
    const JobCase job_case(draw.platform, draw.workload);
    const auto setup = job_case.prepare();
    const auto step = training::build_step(setup, draw.micro_batches);
    if (step.graph.path_count() == 0 || !simgrid_can_show(step)) continue;
    const auto time_on = [&](NetworkKind network) {
      return test::on_engine(draw, network, [](const auto& own, task::Executor& executor) {
        return std::vector<double>{test::seconds_of(study::simulate_whole_training(own, executor))};
      })[0];
    };
    EXPECT_NEAR(time_on(NetworkKind::fluid) / time_on(NetworkKind::simgrid), 1, 1e-6) << draw.platform << draw.workload;
    ++compared;
  }
  EXPECT_GE(compared, 4);
}

// The same devices and channels, every channel `factor` times as wide.
topology::Fabric widened(const topology::Fabric& fabric, double factor) {
  topology::Fabric wide;
  wide.set_media({fabric.media().begin(), fabric.media().end()});
  for (const topology::Device& device : fabric.devices()) wide.add_device(device);
  for (topology::Channel channel : fabric.channels()) {
    channel.capacity *= factor;
    wide.add_channel(channel);
  }
  return wide;
}

class BandwidthLaw : public testing::TestWithParam<unsigned> {
 protected:
  Draw draw_ = test::JobDraw(GetParam()).next();
};

TEST_P(BandwidthLaw, wider_channels_never_slow_a_step_without_contention) {
  const JobCase job_case(draw_.platform, draw_.workload);
  const auto setup = job_case.prepare();
  double before = HUGE_VAL;
  for (const double factor : {0.5, 1.0, 1.7, 10.0}) {
    const auto fabric = widened(job_case.topology.fabric, factor);
    const double time = test::seconds_of(study::simulate_whole_training(setup, *test::ideal_executor(fabric)));
    EXPECT_LE(time, before * (1 + 1e-12)) << factor << '\n' << draw_.platform << draw_.workload;
    before = time;
  }
}

// With contention a faster transfer may meet others it missed before: neither max-min sharing nor what a collective
// takes from compute is monotone. 1 % is room for that.
TEST_P(BandwidthLaw, wider_channels_hardly_ever_slow_a_step) {
  const auto time_at = [&](double factor) {
    return test::in_child([&] {
      const JobCase job_case(draw_.platform, draw_.workload);
      const auto setup = job_case.prepare();
      const auto fabric = widened(job_case.topology.fabric, factor);
      const auto executor = engine::make_simgrid_executor(fabric, NetworkKind::fluid);
      return std::vector<double>{test::seconds_of(study::simulate_whole_training(setup, *executor))};
    })[0];
  };
  const double plain = time_at(1);
  EXPECT_LE(time_at(2), plain * 1.01) << draw_.platform << draw_.workload;
  EXPECT_GE(time_at(0.5), plain * 0.99) << draw_.platform << draw_.workload;
}

INSTANTIATE_TEST_SUITE_P(RandomJobs, BandwidthLaw, testing::Range(101U, 113U));

TEST(TrainingNetworkLaw, equal_nodes_may_change_places) {
  const std::string workload = "kind: training\nmodel: llama3-8b\n" + test::plain_framework +
                               "sequence: 8192\nglobal_batch: 32\nprecision: bf16\nrecompute: auto\n"
                               "parallelism: {tp: 4, pp: 2, dp: 4, sharding: distributed-optimizer}\n";
  const std::string network = "scale_out: {topology: rail-optimized, switch: qm9700}\n";
  const auto time_on = [&](const std::string& nodes) {
    const Draw draw{.platform = nodes + network, .workload = workload};
    return test::on_engine(draw, NetworkKind::fluid, [](const auto& setup, task::Executor& executor) {
      return std::vector<double>{test::seconds_of(study::simulate_training(setup, executor))};
    });
  };
  const auto whole = time_on("nodes: {type: dgx-h100, count: 4}\n");
  EXPECT_EQ(time_on("nodes: [{type: dgx-h100, count: 1}, {type: dgx-h100, count: 3}]\n"), whole);
  EXPECT_EQ(time_on("nodes: [{type: dgx-h100, count: 3}, {type: dgx-h100, count: 1}]\n"), whole);
}

}  // namespace
}  // namespace aifsim
