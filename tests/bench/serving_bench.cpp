// What a replica's simulation costs: requests for each second of the simulator's own CPU time, costs of iterations made
// up. Lengths and rate are like the Azure LLM trace's of conversations (mean input about 1000, output about 200, 5.5
// requests a second on two replicas).
#include <benchmark/benchmark.h>

#include <cmath>
#include <ctime>
#include <memory>
#include <vector>

#include "base/rng.hpp"
#include "engine/flow_case.hpp"
#include "engine/in_child.hpp"
#include "engine/simgrid_executor.hpp"
#include "serving/replica.hpp"
#include "task/ideal_executor.hpp"

namespace aifsim {
namespace {

class LinePricer final : public serving::IterationPricer {
 public:
  [[nodiscard]] Seconds time(const model::Batch& batch) const override {
    return units::s * (0.012 + 2e-5 * batch.tokens() + 4e-9 * batch.decode_context + 1e-10 * batch.prefill_pairs);
  }
  [[nodiscard]] serving::DecodeLine decode(int sequences, double /*context*/,
                                           const serving::AdapterLoad& /*adapters*/) const override {
    return {.fixed = units::s * (0.012 + 2e-5 * sequences), .per_token = units::s * 4e-9};
  }
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Cost {
  double seconds = 0, runs = 0, iterations = 0, completed = 0;
};

class Fleet final : public serving::ServingObserver {
 public:
  Fleet(task::Executor& clock, int count) : clock_(clock) {
    options_.max_sequences = 256;
    options_.max_batched_tokens = 8192;
    memory_.cache_blocks = 30000;
    memory_.cache_tokens = 480000;
    for (int i = 0; i < count; ++i) {
      replicas_.push_back(std::make_unique<serving::Replica>(
          static_cast<std::uint32_t>(i), serving::Role::whole, options_, memory_, pricer_, clock_, *this,
          serving::ReplicaOutlets{.completed = [this](serving::Ticket) { cost.completed += 1; },
                                  .rejected = [](serving::Ticket, serving::RejectReason) {},
                                  .prefilled = {}}));
    }
  }
  void feed(int requests, double rate) {
    left_ = requests;
    rate_ = rate;
    next();
  }
  void decoded(const serving::DecodeRun& run) override {
    cost.runs += 1;
    cost.iterations += run.iterations;
  }
  Cost cost;

 private:
  void next() {
    if (left_-- == 0) return;
    when_ += random_.exponential(1 / rate_);
    clock_.at(units::s * when_, [this] {
      serving::Ticket ticket;
      ticket.request.prompt.id = ticket.record.id = id_++;
      ticket.request.prompt.arrival = ticket.record.arrival = clock_.now();
      ticket.request.prompt.tokens = 1 + static_cast<int>(random_.gamma(1, 1000));
      ticket.request.output_tokens = 1 + static_cast<int>(random_.gamma(1.5, 140));
      replicas_[id_ % replicas_.size()]->submit(std::move(ticket));
      next();
    });
  }

  task::Executor& clock_;
  serving::EngineOptions options_;
  serving::EngineMemory memory_;
  LinePricer pricer_;
  std::vector<std::unique_ptr<serving::Replica>> replicas_;
  Rng random_{1, "serving bench"};
  int left_ = 0;
  double rate_ = 1, when_ = 0;
  std::uint64_t id_ = 0;
};

Cost cost_on(task::Executor& clock, int requests, double rate) {
  Fleet fleet(clock, 2);
  const double begin = cpu_seconds();
  fleet.feed(requests, rate);
  clock.run();
  fleet.cost.seconds = cpu_seconds() - begin;
  return fleet.cost;
}

void report(benchmark::State& state, const Cost& cost) {
  state.SetIterationTime(cost.seconds);
  state.counters["requests_per_CPU_s"] = cost.completed / cost.seconds;
  state.counters["us_per_iteration"] = cost.seconds * 1e6 / cost.iterations;
  state.counters["iterations_per_stretch"] = cost.iterations / cost.runs;
}

void serving_on_ideal(benchmark::State& state) {
  for (auto _ : state) {
    const auto clock = task::make_ideal_executor({});
    report(state, cost_on(*clock, static_cast<int>(state.range(0)), 5.5));
  }
}

void serving_on_simgrid(benchmark::State& state) {
  for (auto _ : state) {
    const std::vector<double> values = test::in_child([&] {
      const topology::Fabric fabric = test::row_of_channels({1e9});
      const auto clock = engine::make_simgrid_executor(fabric, engine::NetworkKind::fluid);
      const Cost cost = cost_on(*clock, static_cast<int>(state.range(0)), 5.5);
      return std::vector{cost.seconds, cost.runs, cost.iterations, cost.completed};
    });
    report(state, {values[0], values[1], values[2], values[3]});
  }
}

BENCHMARK(serving_on_ideal)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(1)->Arg(20'000);
BENCHMARK(serving_on_simgrid)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(1)->Arg(20'000);

}  // namespace
}  // namespace aifsim
