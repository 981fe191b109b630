// Laws of services whose exchanges and movements share channels: nobody is faster for it, and where nothing is shared
// nothing changes.
#include <gtest/gtest.h>

#include <numeric>

#include "engine/in_child.hpp"
#include "engine/simgrid_executor.hpp"
#include "serving/service_case.hpp"

namespace aifsim {
namespace {

// An executor that hides that flows slow each other: exchanges are priced on an idle fabric.
class Unaware final : public task::Executor {
 public:
  explicit Unaware(std::unique_ptr<task::Executor> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] Seconds now() const override { return inner_->now(); }
  [[nodiscard]] bool contends() const override { return false; }
  void at(Seconds when, std::function<void()> callback) override { inner_->at(when, std::move(callback)); }
  void submit(const task::TaskGraph& graph, task::Recorder& recorder, std::function<void()> done) override {
    inner_->submit(graph, recorder, std::move(done));
  }
  void set_capacity(ChannelId channel, BytesPerSecond capacity) override { inner_->set_capacity(channel, capacity); }
  void watch(task::Rerouter* rerouter) override { inner_->watch(rerouter); }
  void reroute() override { inner_->reroute(); }
  void run() override { inner_->run(); }
  [[nodiscard]] Counters counters() const override { return inner_->counters(); }

 private:
  std::unique_ptr<task::Executor> inner_;
};

const std::string one_rack = "nodes: {type: gb200-nvl72, count: 1}\nscale_out: {topology: rail-optimized}\n";

std::string workload(double rate, const std::string& transfer) {
  return "kind: serving\nmodel: llama3-70b\nengine: {software: vllm, tp: 4, precision: fp8, kv_cache: fp8}\n"
         "prefill: {replicas: 2}\ndecode: {replicas: 2}\ntransfer: {" +
         transfer +
         "}\n"
         "requests: {arrivals: poisson, rate: " +
         std::to_string(rate) +
         ", count: 80, input: {mean: 3000, cv: 1, max: 8000}, output: {mean: 100, cv: 1, max: 400}}\n";
}

struct Outcome {
  std::vector<double> first_token, done, transfer;
  double lost = 0;  // by iterations
  [[nodiscard]] static double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
  }
};

Outcome outcome_of(const std::string& job, const std::string& platform, bool aware) {
  const std::vector<double> values = test::in_child([&] {
    const auto served = test::serve(job, platform, 1, [aware](const topology::Fabric& fabric) {
      std::unique_ptr<task::Executor> fluid = engine::make_simgrid_executor(fabric, engine::NetworkKind::fluid);
      return aware ? std::move(fluid) : std::make_unique<Unaware>(std::move(fluid));
    });
    std::vector<double> all{served->lost.base()};
    for (const auto& [id, record] : served->done) {
      for (const Seconds time : {record.first_token, record.done, record.transfer}) all.push_back(time.base());
    }
    return all;
  });
  Outcome outcome{.lost = values.front()};
  for (std::size_t i = 1; i < values.size(); i += 3) {
    outcome.first_token.push_back(values[i]);
    outcome.done.push_back(values[i + 1]);
    outcome.transfer.push_back(values[i + 2]);
  }
  return outcome;
}

// Caches go over NICs, exchanges over NVLink.
TEST(ServingSharingLaws, NothingSharedNothingChanged) {
  const std::string job = workload(8, "setup: 1 ms");
  const Outcome alone = outcome_of(job, test::two_dgx, false), shared = outcome_of(job, test::two_dgx, true);
  EXPECT_EQ(shared.done.size(), 80U);
  EXPECT_EQ(shared.lost, 0);
  EXPECT_EQ(shared.first_token, alone.first_token);
  EXPECT_EQ(shared.done, alone.done);
  EXPECT_EQ(shared.transfer, alone.transfer);
}

TEST(ServingSharingLaws, WhoSharesIsNotFaster) {
  // Transfers of a tenth of the port's speed are long: more iterations meet them.
  for (const char* transfer : {"efficiency: 1", "efficiency: 0.1"}) {
    const std::string job = workload(8, transfer);
    const Outcome alone = outcome_of(job, one_rack, false), shared = outcome_of(job, one_rack, true);
    ASSERT_EQ(shared.done.size(), alone.done.size());
    EXPECT_GT(shared.lost, 0) << transfer;
    EXPECT_GT(Outcome::sum(shared.transfer), Outcome::sum(alone.transfer)) << transfer;
    EXPECT_GT(Outcome::sum(shared.done), Outcome::sum(alone.done)) << transfer;
    // What is lost is little: ports are busy with exchanges for a part of an iteration only.
    EXPECT_LT(Outcome::sum(shared.done), 1.05 * Outcome::sum(alone.done)) << transfer;
  }
}

TEST(ServingSharingLaws, SameInputsSameOutcome) {
  const std::string job = workload(20, "efficiency: 0.2");
  const Outcome first = outcome_of(job, one_rack, true), second = outcome_of(job, one_rack, true);
  EXPECT_EQ(first.first_token, second.first_token);
  EXPECT_EQ(first.done, second.done);
  EXPECT_EQ(first.transfer, second.transfer);
  EXPECT_EQ(first.lost, second.lost);
}

}  // namespace
}  // namespace aifsim
