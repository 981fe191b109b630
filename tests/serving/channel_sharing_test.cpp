// Exchanges and movements on the same channels, with shares that can be computed by hand.
#include "serving/channel_sharing.hpp"

#include <gtest/gtest.h>

#include "engine/in_child.hpp"
#include "engine/simgrid_executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::serving {
namespace {

using topology::DeviceKind;

// Ten milliseconds, of them four in four exchanges of 100 MB that fill a port of 100 GB/s.
class PortPricer final : public IterationPricer {
 public:
  PortPricer() {
    shape_ = {.size = units::MB * 100.0,
              .fixed = {},
              .phases = {{{.bytes = units::MB * 100.0, .alone = units::ms * 1.0, .loads = {}}}}};
    shape_.phases.front().front().loads = {{{DeviceKind::gpu, DeviceKind::nvswitch}, 1},
                                           {{DeviceKind::nvswitch, DeviceKind::gpu}, 1}};
  }
  [[nodiscard]] Seconds time(const model::Batch& /*batch*/) const override { return units::ms * 10.0; }
  [[nodiscard]] DecodeLine decode(int /*sequences*/, double /*context*/,
                                  const AdapterLoad& /*adapters*/) const override {
    return {.fixed = units::ms * 10.0, .per_token = {}};
  }
  [[nodiscard]] ExchangeUses exchanges(const model::Batch& /*batch*/) const override {
    ExchangeUses uses{};
    uses[0] = {.times = 4, .bytes = units::MB * 400.0, .time = units::ms * 4.0};
    return uses;
  }
  [[nodiscard]] const ExchangeShape* shape(model::Exchange /*exchange*/, Bytes /*bytes*/) const override {
    return &shape_;
  }

 private:
  ExchangeShape shape_;
};

// Engine 0 has GPUs 0 and 1, engine 1 has 2 and 3, all on one switch; GPU 4 is beside them, and GPU 5 behind a NIC of
// 20 GB/s.
struct Ports {
  explicit Ports(engine::NetworkKind network = engine::NetworkKind::fluid) {
    fabric.set_media({hardware::LinkMedium{}});
    const DeviceId hub = fabric.add_device({.kind = DeviceKind::nvswitch});
    for (std::size_t i = 0; i < 5; ++i) {
      gpus.push_back(fabric.add_device({.kind = DeviceKind::gpu}));
      const auto [there, back] =
          fabric.add_duplex({.from = gpus[i], .to = hub, .capacity = units::GB_per_s * 100.0, .medium = MediumId{0}});
      up.push_back(there);
      down.push_back(back);
    }
    slow = fabric.add_channel({.from = hub,
                               .to = fabric.add_device({.kind = DeviceKind::nic}),
                               .capacity = units::GB_per_s * 20.0,
                               .medium = MediumId{0}});
    clock = engine::make_simgrid_executor(fabric, network);
    sharing = std::make_unique<ChannelSharing>(fabric, *clock, [this](std::uint32_t engine) {
      if (working.at(engine)) times.at(engine) = sharing->works(engine, batch, pricer.time(batch));
    });
    sharing->add_engine(pricer, {up[0], down[0], up[1], down[1]});
    sharing->add_engine(pricer, {up[2], down[2], up[3], down[3]});
    flights = std::make_unique<Flights>(*clock, "kv transfer");
    flights->watch(*sharing);
    batch.decode_sequences = 1;
  }
  void work(std::uint32_t engine) {
    working.at(engine) = true;
    times.at(engine) = sharing->works(engine, batch, pricer.time(batch));
  }
  // When it is there.
  std::shared_ptr<Seconds> move(std::vector<ChannelUse> path, double gigabytes, double latency_ms = 0) {
    const Flights::Flow flow{
        .path = std::move(path), .bytes = units::GB * gigabytes, .latency = units::ms * latency_ms, .rate_limit = {}};
    auto end = std::make_shared<Seconds>();
    flights->send({&flow, 1}, [this, end] { *end = clock->now(); });
    return end;
  }
  void look(double milliseconds, std::function<void()> at) { clock->at(units::ms * milliseconds, std::move(at)); }

  topology::Fabric fabric;
  std::vector<DeviceId> gpus;
  std::vector<ChannelId> up, down;
  ChannelId slow;
  PortPricer pricer;
  model::Batch batch;
  std::unique_ptr<task::Executor> clock;
  std::unique_ptr<ChannelSharing> sharing;
  std::unique_ptr<Flights> flights;
  std::array<bool, 2> working{};
  std::array<double, 2> times{1, 1};
};

// Alone 6 ms without and 4 ms with exchanges; beside one movement these take 8 ms at 50 GB/s each. In these 14 ms the
// movement gets 6 ms x 100 GB/s + 8 ms x 50 GB/s = 1 GB.
TEST(ChannelSharing, halves_a_port_between_an_exchange_and_a_movement) {
  Ports ports;
  ports.work(0);
  EXPECT_EQ(ports.times[0], 1);
  const auto end = ports.move({{ports.up[0]}, {ports.down[4]}}, 1);
  ports.look(5, [&] { EXPECT_NEAR(ports.times[0], 1.4, 1e-12); });
  ports.clock->run();
  EXPECT_NEAR(end->in(units::ms), 14, 1e-6);
  EXPECT_EQ(ports.times[0], 1);
  ASSERT_EQ(ports.sharing->lost().size(), 1U);
  const auto& [cause, lost] = *ports.sharing->lost().begin();
  EXPECT_EQ(cause.channel, ports.up[0]);
  EXPECT_EQ(cause.label, "kv transfer");
  EXPECT_NEAR(lost.in(units::ms), 14 * (1 - 1 / 1.4), 1e-6);
}

// Both ends' engines: the exchanges of both take 14 ms, and each leaves the movement as much.
TEST(ChannelSharing, slows_the_engines_at_both_ends) {
  Ports ports;
  ports.work(0);
  ports.work(1);
  const auto end = ports.move({{ports.up[0]}, {ports.down[2]}}, 1);
  ports.look(5, [&] {
    EXPECT_NEAR(ports.times[0], 1.4, 1e-12);
    EXPECT_NEAR(ports.times[1], 1.4, 1e-12);
  });
  ports.clock->run();
  EXPECT_NEAR(end->in(units::ms), 14, 1e-6);
}

TEST(ChannelSharing, counts_a_weighted_movement_as_so_many) {
  Ports ports;
  ports.work(0);
  (void)ports.move({{ports.up[0], 3.0}, {ports.down[4], 3.0}}, 1);
  // A quarter of the port: 16 ms in exchanges.
  ports.look(1, [&] { EXPECT_NEAR(ports.times[0], 2.2, 1e-12); });
  ports.clock->run();
}

TEST(ChannelSharing, leaves_what_a_movement_cannot_use_to_the_exchange) {
  Ports ports;
  ports.work(0);
  const auto end = ports.move({{ports.up[0]}, {ports.slow}}, 1);
  ports.look(5, [&] { EXPECT_NEAR(ports.times[0], 1.1, 1e-12); });  // exchanges at 80 GB/s: 5 ms
  ports.clock->run();
  EXPECT_NEAR(end->in(units::ms), 50, 1e-6);
}

// Two of one port, the one held up elsewhere: 20 and, for the other and the exchange, 40 GB/s each.
TEST(ChannelSharing, fills_progressively) {
  Ports ports;
  ports.work(0);
  (void)ports.move({{ports.up[0]}, {ports.slow}}, 1);
  (void)ports.move({{ports.up[0]}, {ports.down[4]}}, 1);
  ports.look(5, [&] { EXPECT_NEAR(ports.times[0], 0.6 + 0.4 * 2.5, 1e-12); });
  ports.clock->run();
}

TEST(ChannelSharing, begins_with_the_first_byte) {
  Ports ports;
  ports.work(0);
  const auto end = ports.move({{ports.up[0]}, {ports.down[4]}}, 1, 20);
  ports.look(19, [&] { EXPECT_EQ(ports.times[0], 1); });
  ports.look(21, [&] { EXPECT_NEAR(ports.times[0], 1.4, 1e-12); });
  ports.clock->run();
  EXPECT_NEAR(end->in(units::ms), 34, 1e-6);
}

// Five milliseconds at 100 / 1.4 GB/s, the rest alone.
TEST(ChannelSharing, gives_a_movement_all_when_the_engine_rests) {
  Ports ports;
  ports.work(0);
  const auto end = ports.move({{ports.up[0]}, {ports.down[4]}}, 1);
  ports.look(5, [&] {
    ports.working[0] = false;
    ports.sharing->rests(0);
  });
  ports.clock->run();
  EXPECT_NEAR(end->in(units::ms), 5 + (1e3 - 5 * 1e3 / 14) / 100, 1e-6);
}

TEST(ChannelSharing, leaves_all_others_alone) {
  Ports ports;
  ports.work(0);
  const auto beside = ports.move({{ports.up[4]}, {ports.slow}}, 1);
  const auto to_the_other = ports.move({{ports.up[4]}, {ports.down[2]}}, 1);
  ports.look(5, [&] { EXPECT_EQ(ports.times[0], 1); });
  ports.clock->run();
  EXPECT_NEAR(beside->in(units::ms), 50, 1e-6);
  EXPECT_NEAR(to_the_other->in(units::ms), 12.5, 1e-6);
  EXPECT_TRUE(ports.sharing->lost().empty());
}

TEST(ChannelSharing, says_the_same_on_simgrids_network) {
  Ports ports(engine::NetworkKind::simgrid);
  ports.work(0);
  const auto end = ports.move({{ports.up[0]}, {ports.down[4]}}, 1);
  ports.clock->run();
  EXPECT_NEAR(end->in(units::ms), 14, 1e-4);
}

// No time is made or lost: what an engine and movements put through a port is what it can carry.
TEST(ChannelSharing, carries_no_more_than_a_port_can) {
  for (const double weight : {0.3, 1.0, 1.25, 4.0}) {
    for (const int movements : {1, 2, 5}) {
      // In a process of its own each: see in_child.hpp.
      const std::vector<double> result = test::in_child([&] {
        Ports ports;
        ports.work(0);
        std::vector<std::shared_ptr<Seconds>> ends;
        for (int i = 0; i < movements; ++i) ends.push_back(ports.move({{ports.up[0], weight}}, 2));
        double times = 0;
        ports.look(1, [&] { times = ports.times[0]; });
        ports.clock->run();
        return std::vector<double>{times, ends.front()->in(units::ms), ends.back()->in(units::ms)};
      });
      const double exchanged = 0.4 / (10e-3 * result[0]);  // GB/s
      const double moved = movements * weight * 2 / (result[1] * 1e-3);
      EXPECT_NEAR(exchanged + moved, 100, 1e-4);
      EXPECT_NEAR(result[1], result[2], 1e-6);
    }
  }
}

}  // namespace
}  // namespace aifsim::serving
