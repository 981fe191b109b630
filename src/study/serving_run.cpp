#include "study/serving_run.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "metrics/additive.hpp"
#include "study/serving_bottlenecks.hpp"
#include "topology/storage.hpp"

namespace aifsim::study {
namespace {

using serving::Deployment;

std::string layout_of(const model::InferencePlan& plan) {
  std::string text = "TP" + std::to_string(plan.tp);
  if (plan.dp > 1) text += " DP" + std::to_string(plan.dp);
  if (plan.ep > 1) text += " EP" + std::to_string(plan.ep);
  if (plan.pp > 1) text += " PP" + std::to_string(plan.pp);
  return text;
}

std::string_view name_of(serving::Role role) {
  switch (role) {
    case serving::Role::whole: return "prefill and decode";
    case serving::Role::prefill: return "prefill";
    case serving::Role::decode: return "decode";
  }
  throw InternalError("a role without a name");
}

metrics::PoolReport pool_report(const serving::Pool& pool, const serving::EngineMemory& memory) {
  metrics::PoolReport report{.role = std::string(name_of(pool.role)),
                             .replicas = pool.replicas,
                             .layout = layout_of(pool.engine.plan),
                             .memory = {},
                             .cache_tokens = memory.cache_tokens};
  report.memory.capacity = memory.capacity;
  report.memory.classes = {{"weights", memory.weights},         {"kv cache", memory.cache},
                           {"activations", memory.activations}, {"cuda context", memory.context},
                           {"cuda graphs", memory.graphs},      {"reserve", memory.reserve}};
  if (memory.encoder_cache > Bytes{}) report.memory.classes.push_back({"encoder cache", memory.encoder_cache});
  if (memory.adapters > Bytes{}) report.memory.classes.push_back({"lora adapters", memory.adapters});
  return report;
}

// Of all requests, those of the warm-up included.
void describe_tiers(const Deployment& deployment, const serving::KvTiers& tiers, Seconds end, ServingResult& result) {
  metrics::ServingReport& report = result.service;
  metrics::CacheTierReport hbm{.name = "hbm", .capacity = {}, .hit_ratio = report.prefix_hit_ratio};
  for (const Deployment::Engine& engine : deployment.engines) {
    const auto pool = static_cast<std::size_t>(engine.pool - deployment.job->pools.data());
    hbm.capacity += deployment.memories[pool].cache * static_cast<double>(engine.gpus.size());
  }
  report.tiers.push_back(hbm);
  for (const serving::KvTiers::Figures& tier : tiers.figures()) {
    const double ratio = tiers.prompt_tokens() > 0 ? tier.tokens / tiers.prompt_tokens() : 0;
    const std::string name(topology::data_place_names.at(static_cast<std::size_t>(tier.place)));
    report.tiers.push_back(
        {.name = name, .capacity = tier.capacity, .hit_ratio = ratio, .read = tier.read, .written = tier.written});
    report.tiers.front().hit_ratio = std::max(0.0, report.tiers.front().hit_ratio - ratio);
    if (tier.dropped > Bytes{}) {
      result.notes.push_back("KV tier " + name + ": " +
                             std::to_string(static_cast<long long>(tier.dropped.in(units::GB))) +
                             " GB were not written, since the staging memory was full (kv_tiers.staging)");
    }
  }
  if (end <= Seconds{}) return;
  report.storage_host_cores = tiers.host_core_time() / end;
  report.storage_dpu_cores = tiers.dpu_core_time() / end;
}

// Of replicas that came and went. Figures per GPU are then of those that were held, not of those that could have been.
void describe_fleet(const serving::ServingJob& job, const serving::Fleet& fleet, Seconds end,
                    metrics::ServingReport& report) {
  Seconds held;
  for (std::size_t i = 0; i < job.pools.size(); ++i) {
    const Seconds of_pool = fleet.held(i, end);
    held += of_pool * static_cast<double>(job.pools[i].engine.plan.gpus());
    metrics::PoolReport& pool = report.pools[i];
    pool.most_replicas = job.pools[i].most();
    pool.mean_replicas = end > Seconds{} ? of_pool / end : pool.replicas;
    for (const serving::StartPhase& phase : fleet.start_up(i).phases)
      pool.start_up.emplace_back(phase.name, phase.time);
  }
  report.gpu_hours = held.in(units::hour);
  for (const serving::ScaleEvent& event : fleet.events()) {
    if (event.when > end) continue;
    const std::string role(name_of(job.pools[event.pool].role));
    report.scaling.push_back({event.when, role, event.what, event.replica, event.serving});
  }
  if (report.scaling.empty() || held <= Seconds{}) return;
  report.output_tokens_per_s_per_gpu = report.output_tokens_per_s / (held / end);
}

// When each replica served or drained.
void tell_serving(const Deployment& deployment, const serving::Fleet& fleet, Seconds end, ServingCollector& collector) {
  std::map<std::uint32_t, Seconds> since;
  std::uint32_t replica = 0;
  for (const serving::Pool& pool : deployment.job->pools) {
    for (int i = 0; i < pool.replicas; ++i) since[replica + static_cast<std::uint32_t>(i)] = {};
    replica += static_cast<std::uint32_t>(pool.most());
  }
  for (const serving::ScaleEvent& event : fleet.events()) {
    if (event.what == "serves") since[event.replica] = event.when;
    if (event.what != "off" && event.what != "lost") continue;
    const auto served = since.find(event.replica);
    if (served == since.end()) continue;  // it was still starting
    collector.served(served->second, std::min(event.when, end));
    since.erase(served);
  }
  for (const auto& [index, begin] : since) collector.served(begin, end);
}

// "nvfp4 experts, bf16 weights, fp8 KV"
std::string precision_of(const serving::ServingJob& job) {
  const model::InferencePlan& plan = job.pools.front().engine.plan;
  const auto format = [&](Precision weights) {
    return model::scaled_in_blocks(weights, plan.activations) ? "blockwise fp8" : std::string(aifsim::name_of(weights));
  };
  const bool apart = job.model.experts && plan.expert_weights != plan.ffn_weights;
  return (apart ? format(plan.expert_weights) + " experts, " : "") + format(plan.ffn_weights) + " weights, " +
         std::string(aifsim::name_of(plan.kv_cache)) + " KV";
}

void describe(const Deployment& deployment, metrics::ServingReport& report) {
  const serving::ServingJob& job = *deployment.job;
  report.name = job.name;
  report.model = job.model.name;
  report.package = job.package;
  report.gpus = job.gpus();
  report.engine = job.pools.front().engine.software.name;
  report.precision = precision_of(job);
  for (std::size_t i = 0; i < job.pools.size(); ++i) {
    const serving::Pool& pool = job.pools[i];
    report.pools.push_back(pool_report(pool, deployment.memories[i]));
    report.layout += (i == 0 ? "" : " + ") + std::to_string(pool.replicas) + " x " + layout_of(pool.engine.plan) +
                     (job.disaggregated() ? " " + std::string(name_of(pool.role)) : "");
  }
}

}  // namespace

ServingResult simulate_serving(const Deployment& deployment, serving::RequestSource& source, task::Executor& executor,
                               const RequestSink& sink) {
  ServingCollector collector(*deployment.job, deployment.engines.size(), sink);
  serving::Service service(deployment, source, executor, collector);
  service.start();
  executor.run();
  ensure(service.in_flight() == 0, "every request is completed or rejected");
  tell_serving(deployment, service.fleet(), collector.end(), collector);
  ServingResult result{.service = collector.report(executor.now()), .notes = {}};
  const auto left_out = [&](std::uint64_t count, const std::string& what) {
    if (count > 0) result.notes.push_back(std::to_string(count) + " requests bring " + what + " not simulated");
  };
  if (service.adapters() == nullptr) {
    left_out(collector.with_adapters(), "LoRA adapters: without engine.lora their weights and operators are");
  } else if (collector.with_adapters() > 0) {
    metrics::AdapterReport& adapters = result.service.adapters.emplace(collector.adapters());
    const serving::AdapterStore::Figures& figures = service.adapters()->figures();
    adapters.loads = figures.loads;
    adapters.reads = figures.reads;
    adapters.loaded = figures.loaded;
    adapters.read = figures.read;
  }
  for (const hardware::Fault& fault : deployment.platform->faults) {
    if (fault.at <= Seconds{}) continue;
    result.notes.push_back("the fault of " + fault.part + " in mid-run is not in force: replicas fail by `failures`");
  }
  describe(deployment, result.service);
  describe_fleet(*deployment.job, service.fleet(), collector.end(), result.service);
  result.service.transferred = service.transfers().bytes();
  if (service.tiers() != nullptr) {
    service.tiers()->check();
    describe_tiers(deployment, *service.tiers(), executor.now(), result);
  }
  result.service.bottlenecks = serving_bottlenecks(deployment, collector.means(), result.service, service);
  return result;
}

}  // namespace aifsim::study
