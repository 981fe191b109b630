// A real engine's exchanges as flows beside a movement on the executor's own network, and what channel sharing says.
#include <gtest/gtest.h>

#include "engine/in_child.hpp"
#include "engine/simgrid_executor.hpp"
#include "serving/channel_sharing.hpp"
#include "serving/exchange_cost.hpp"
#include "serving/service_case.hpp"

namespace aifsim::serving {
namespace {

using topology::DeviceKind;

class LastEnd final : public task::Recorder {
 public:
  void started(TaskId /*task*/, Seconds /*when*/) override {}
  void finished(TaskId /*task*/, Seconds when, ChannelId /*bound*/) override { last = when; }
  Seconds last;
};

// Whose iterations are one exchange.
class LonePricer final : public IterationPricer {
 public:
  LonePricer(const ExchangeShape& shape, model::Exchange kind) : shape_(shape), kind_(kind) {}
  [[nodiscard]] Seconds time(const model::Batch& /*batch*/) const override { return shape_.alone(); }
  [[nodiscard]] DecodeLine decode(int /*sequences*/, double /*context*/,
                                  const AdapterLoad& /*adapters*/) const override {
    return {};
  }
  [[nodiscard]] ExchangeUses exchanges(const model::Batch& /*batch*/) const override {
    ExchangeUses uses{};
    uses.at(static_cast<std::size_t>(kind_)) = {.times = 1, .bytes = shape_.size, .time = shape_.alone()};
    return uses;
  }
  [[nodiscard]] const ExchangeShape* shape(model::Exchange /*exchange*/, Bytes /*bytes*/) const override {
    return &shape_;
  }

 private:
  const ExchangeShape& shape_;
  model::Exchange kind_;
};

struct Rack {
  Rack() {
    const config::Document document = config::Document::parse(
        "nodes: {type: gb200-nvl72, count: 1}\nscale_out: {topology: rail-optimized}\n", "p.yaml");
    platform = hardware::read_platform(document);
    document.check();
    topology = topology::build(platform);
    for (std::size_t i = 0; i < 8; ++i) gpus.push_back(topology.fabric.gpu(i));
    options.plan.tp = 8;
    up = topology.routing->nvlink_up(gpus[0]);
    down = topology.routing->nvlink_down(gpus[0]);
  }
  hardware::Platform platform;
  topology::Topology topology;
  std::vector<DeviceId> gpus;
  EngineOptions options;
  ChannelId up, down;
};

// Of the first rank, one phase after the other.
task::TaskGraph as_flows(const ExchangeShape& shape, const Rack& rack) {
  task::TaskGraph graph;
  std::vector<TaskId> after;
  for (const std::vector<ExchangeShape::Flow>& phase : shape.phases) {
    std::vector<TaskId> flows;
    for (const ExchangeShape::Flow& flow : phase) {
      std::vector<ChannelUse> path;
      for (const ExchangeShape::Load& load : flow.loads) {
        path.push_back({load.kind.from == DeviceKind::gpu ? rack.up : rack.down, load.multiplicity});
      }
      const task::TaskGraph::Flow moved{.path = graph.path(path),
                                        .bytes = flow.bytes,
                                        .latency = {},
                                        .rate_limit = flow.bytes / flow.alone,
                                        .device = {}};
      flows.push_back(graph.flow(moved, graph.label("exchange"), after));
    }
    after = flows;
  }
  return graph;
}

TEST(ChannelSharing, slows_an_exchange_as_flows_slow_each_other) {
  const Rack rack;
  const ExchangeCost cost(rack.options, rack.platform, rack.topology, rack.gpus);
  for (const model::Exchange exchange : {model::Exchange::tensor_all_reduce, model::Exchange::expert_dispatch}) {
    for (const double weight : {0.5, 1.25, 3.0}) {
      const ExchangeShape& shape = *cost.shape(exchange, units::MB * 256.0);
      const std::vector<ChannelUse> way{{rack.up, weight}};
      const double as_executed = test::in_child([&] {
        const auto clock = engine::make_simgrid_executor(rack.topology.fabric, engine::NetworkKind::fluid);
        const task::TaskGraph graph = as_flows(shape, rack);
        task::TaskGraph beside;
        const Bytes endless = units::GB * 1000.0;
        beside.flow({.path = beside.path(way), .bytes = endless, .latency = {}, .rate_limit = {}, .device = {}},
                    beside.label("movement"));
        LastEnd exchanged, moved;
        clock->submit(graph, exchanged, [] {});
        clock->submit(beside, moved, [] {});
        clock->run();
        return std::vector<double>{(exchanged.last + shape.fixed) / shape.alone()};
      })[0];

      const auto clock = test::ideal_clock(rack.topology.fabric);
      const LonePricer pricer(shape, exchange);
      ChannelSharing sharing(rack.topology.fabric, *clock, [](std::uint32_t) {});
      sharing.add_engine(pricer, exchange_channels(rack.options.plan, rack.gpus, rack.topology));
      const std::string label = "movement";
      (void)sharing.began(way, {}, label);
      EXPECT_NEAR(sharing.works(0, {}, shape.alone()), as_executed, 1e-6 * as_executed);
      EXPECT_GE(as_executed, weight > 1 ? 1.3 : 1.0);
    }
  }
}

}  // namespace
}  // namespace aifsim::serving
