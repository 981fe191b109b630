// A whole service on an ideal clock, from a platform and a workload written as text.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hardware/platform.hpp"
#include "serving/request_plan.hpp"
#include "serving/service.hpp"
#include "task/ideal_executor.hpp"
#include "topology/storage.hpp"

namespace aifsim::test {

inline const std::string two_dgx = "nodes: {type: dgx-h100, count: 2}\nscale_out: {topology: rail-optimized}\n";

struct ServiceOutcome final : serving::ServingObserver {
  std::uint64_t arrivals = 0;
  std::map<std::uint64_t, serving::RequestRecord> done;
  std::map<std::uint64_t, serving::RejectReason> rejections;
  bool twice = false;  // a request ended more than once
  std::uint64_t in_flight = 0;
  Bytes transferred;
  std::uint64_t transfers = 0;
  std::vector<serving::ScaleEvent> scaling;
  std::vector<Seconds> held;  // of each pool
  Seconds lost;               // by iterations, to movements on their exchanges' channels
  Seconds end;

  void arrived(const serving::Prompt& /*prompt*/, Seconds /*when*/) override { ++arrivals; }
  void completed(const serving::RequestRecord& record) override {
    twice = twice || rejections.contains(record.id) || !done.emplace(record.id, record).second;
    end = record.done;
  }
  void rejected(const serving::Prompt& prompt, serving::RejectReason why, Seconds when) override {
    twice = twice || done.contains(prompt.id) || !rejections.emplace(prompt.id, why).second;
    end = std::max(end, when);
  }

  [[nodiscard]] Seconds ttft_percentile(double share) const {
    std::vector<Seconds> times;
    for (const auto& [id, record] : done) times.push_back(record.first_token - record.arrival);
    std::sort(times.begin(), times.end());
    return times.at(static_cast<std::size_t>(share * static_cast<double>(times.size() - 1)));
  }
  [[nodiscard]] double hit_ratio() const {
    double cached = 0, all = 0;
    for (const auto& [id, record] : done) {
      cached += record.cached_tokens;
      all += record.input_tokens;
    }
    return cached / all;
  }
  [[nodiscard]] std::size_t count(const std::string& what) const {
    return static_cast<std::size_t>(std::count_if(
        scaling.begin(), scaling.end(), [&](const serving::ScaleEvent& event) { return event.what == what; }));
  }
};

using MakeClock = std::function<std::unique_ptr<task::Executor>(const topology::Fabric&)>;

inline std::unique_ptr<task::Executor> ideal_clock(const topology::Fabric& fabric) {
  std::vector<BytesPerSecond> capacity;
  for (const topology::Channel& channel : fabric.channels()) capacity.push_back(channel.capacity);
  return task::make_ideal_executor(std::move(capacity));
}

// Problems of either text are thrown as ConfigError.
inline std::unique_ptr<ServiceOutcome> serve(const std::string& workload, const std::string& platform_text = two_dgx,
                                             std::uint64_t seed = 1, const MakeClock& make_clock = ideal_clock) {
  const config::Document platform_document = config::Document::parse(platform_text, "p.yaml");
  const hardware::Platform platform = hardware::read_platform(platform_document);
  platform_document.check();
  const config::Document document = config::Document::parse(workload, "w.yaml");
  serving::ServingJob job = serving::read_serving_job(document, &platform);
  document.check();
  job.router.seed = seed;
  topology::Topology topology = topology::build(platform);
  if (job.uses_storage()) topology::add_storage(platform, topology);
  const serving::Deployment deployment(job, platform, topology);
  const auto source = serving::make_requests(*job.requests, seed);
  const auto clock = make_clock(topology.fabric);
  auto outcome = std::make_unique<ServiceOutcome>();
  serving::Service service(deployment, *source, *clock, *outcome);
  service.start();
  clock->run();
  outcome->in_flight = service.in_flight();
  outcome->transferred = service.transfers().bytes();
  outcome->transfers = service.transfers().count();
  if (service.sharing() != nullptr) {
    for (const auto& [cause, time] : service.sharing()->lost()) outcome->lost += time;
  }
  outcome->scaling = service.fleet().events();
  for (std::size_t i = 0; i < job.pools.size(); ++i) outcome->held.push_back(service.fleet().held(i, outcome->end));
  return outcome;
}

inline const std::string small_engine = "engine: {software: vllm, precision: fp8, kv_cache: fp8}\n";
// `more`: keys of the workload, each on its line.
inline std::string small_workload(const std::string& more, const std::string& requests) {
  return "kind: serving\nmodel: llama3-8b\n" + small_engine + more + "requests: {" + requests + "}\n";
}
inline const std::string steady =
    "arrivals: poisson, rate: 20, count: 200, input: {mean: 800, cv: 1, max: 4000}, output: {mean: 60, cv: 1, max: "
    "400}";

}  // namespace aifsim::test
