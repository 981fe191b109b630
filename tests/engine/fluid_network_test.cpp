#include "engine/fluid_network.hpp"

#include <gtest/gtest.h>

#include <map>

#include "engine/flow_case.hpp"

namespace aifsim::engine {
namespace {

using Allocation = FluidNetwork::Allocation;

double used(const FluidNetwork& network, ChannelId channel, double* fastest = nullptr) {
  double sum = 0.0;
  for (const Allocation& flow : network.allocations()) {
    for (const ChannelUse& use : flow.path) {
      if (use.channel != channel) continue;
      sum += use.multiplicity * flow.rate;
      if (fastest != nullptr) *fastest = std::max(*fastest, flow.rate);
    }
  }
  return sum;
}

void expect_capacity_kept(const FluidNetwork& network, std::size_t channels) {
  for (std::size_t i = 0; i < channels; ++i) {
    EXPECT_LE(used(network, ChannelId{i}), network.capacity(ChannelId{i}) * (1 + 1e-9));
  }
}

// Max-min fair if and only if every flow runs at its own limit or crosses a full channel on which none is faster
// (Bertsekas and Gallager, §6.5.2).
void expect_max_min_fair(const FluidNetwork& network) {
  for (const Allocation& flow : network.allocations()) {
    bool justified = flow.rate_limit > 0.0 && flow.rate >= flow.rate_limit * (1 - 1e-9);
    for (const ChannelUse& use : flow.path) {
      double fastest = 0.0;
      const bool full = used(network, use.channel, &fastest) >= network.capacity(use.channel) * (1 - 1e-9);
      justified = justified || (full && flow.rate >= fastest * (1 - 1e-9));
    }
    EXPECT_TRUE(justified) << "rate " << flow.rate;
    EXPECT_TRUE(flow.rate_limit == 0.0 || flow.rate <= flow.rate_limit);
  }
}

std::vector<std::vector<ChannelUse>> random_paths(test::Dice& dice, std::size_t channels, std::size_t count) {
  std::vector<std::vector<ChannelUse>> paths(count);
  for (auto& path : paths) {
    for (std::size_t c = 0; c < channels; ++c) {
      if (dice.one_in(4)) path.push_back({ChannelId{c}, dice.one_in(2) ? 1.0 : dice.log_uniform(0.05, 300.0)});
    }
    if (path.empty()) path.push_back({ChannelId{dice.below(channels)}, 1.0});
  }
  return paths;
}

TEST(FluidNetwork, AllocationIsMaxMinFairWithinCapacityAndConservesBytes) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    test::Dice dice(seed);
    std::vector<double> capacities(3 + dice.below(10));
    for (double& capacity : capacities) capacity = dice.log_uniform(1e9, 1e12);
    const auto paths = random_paths(dice, capacities.size(), 40);
    std::map<const ChannelUse*, double> moved, bytes;
    std::size_t ended = 0;
    double now = 0.0;
    FluidNetwork network(capacities, [&](task::RunningTask task, ChannelId) {
      ++ended;
      const ChannelUse* key = paths[task.slot].data();
      const double of_the_clock = 1e12 * now * 4e-16;  // what the fastest channel moves in the clock's last bit
      EXPECT_NEAR(moved[key], bytes[key], 1e-9 * bytes[key] + 1e-6 + of_the_clock) << "seed " << seed;
    });
    for (std::size_t next = 0; next < paths.size() || ended < paths.size();) {
      for (std::size_t burst = dice.below(4); burst > 0 && next < paths.size(); --burst, ++next) {
        const double size = dice.log_uniform(1e3, 1e9), limit = dice.one_in(3) ? dice.log_uniform(1e7, 1e11) : 0.0;
        bytes[paths[next].data()] = size;
        network.start({{static_cast<std::uint32_t>(next), TaskId{0}}, paths[next], size, limit}, now);
      }
      if (dice.one_in(4)) {
        network.set_capacity(ChannelId{dice.below(capacities.size())},
                             dice.one_in(3) ? 0.0 : dice.log_uniform(1e9, 1e12), now);
      }
      const double end = network.next_end(now);
      expect_capacity_kept(network, capacities.size());
      expect_max_min_fair(network);
      double until = next < paths.size() ? now + dice.log_uniform(1e-6, 1e-2) : end;
      until = std::min(until, end);
      if (until == never && ended < next) {  // all that is left stands before dead channels
        EXPECT_EQ(network.stalled().size(), next - ended) << "seed " << seed;
        for (std::size_t c = 0; c < capacities.size(); ++c) network.set_capacity(ChannelId{c}, capacities[c], now);
      }
      if (until == never) continue;
      for (const Allocation& flow : network.allocations()) moved[flow.path.data()] += flow.rate * (until - now);
      now = until;
      network.advance(now);
    }
    EXPECT_EQ(ended, paths.size());
    EXPECT_EQ(network.next_end(now), never);
  }
}

TEST(FluidNetwork, NamesTheChannelThatBoundAFlowLongest) {
  const std::vector<ChannelUse> through{{ChannelId{0}, 1.0}, {ChannelId{1}, 1.0}}, second{{ChannelId{1}, 1.0}};
  std::map<std::uint32_t, ChannelId> bound;
  FluidNetwork network({10.0, 12.0}, [&](task::RunningTask task, ChannelId channel) { bound[task.slot] = channel; });
  network.start({{0, TaskId{0}}, through, 100.0, 0.0},
                0.0);  // 6 B/s beside the second flow for 5 s, then 10 B/s for 7 s
  network.start({{1, TaskId{0}}, second, 30.0, 0.0}, 0.0);
  network.start({{2, TaskId{0}}, {}, 30.0, 3.0}, 0.0);  // its own limit
  double now = 0.0;
  while (network.next_end(now) != never) network.advance(now = network.next_end(now));
  EXPECT_DOUBLE_EQ(now, 12.0);
  EXPECT_EQ(bound[0], ChannelId{0});
  EXPECT_EQ(bound[1], ChannelId{1});
  EXPECT_FALSE(bound[2].valid());
}

}  // namespace
}  // namespace aifsim::engine
