// What bounded the time to the first token and that of later ones.
#include "study/serving_bottlenecks.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace aifsim::study {
namespace {

using metrics::ServingBottleneck;
using serving::Deployment;

const Deployment::Engine& engine_of(const Deployment& deployment, serving::Role role) {
  for (const Deployment::Engine& engine : deployment.engines) {
    if (engine.pool->role == role) return engine;
  }
  return deployment.engines.front();
}

// The parts of `whole` that an iteration's breakdown names, `times` of it, and what is left under `rest`.
void blame(std::vector<ServingBottleneck>& list, const std::string& figure, Seconds whole, Seconds scale,
           const std::vector<std::pair<std::string, Seconds>>& parts) {
  Seconds sum;
  for (const auto& [name, time] : parts) sum += time;
  if (sum <= Seconds{}) return;
  for (const auto& [name, time] : parts) {
    const Seconds share = whole * (time / sum);
    list.push_back({.figure = figure, .resource = name, .time = share, .share = share / scale});
  }
}

void rank(std::vector<ServingBottleneck>& list) {
  std::erase_if(list, [](const ServingBottleneck& entry) { return entry.share < 0.005; });
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return a.figure != b.figure ? a.figure > b.figure : a.time > b.time;
  });
}

std::string busiest(const std::string& what, const std::map<ChannelId, Seconds>& bound,
                    const topology::Fabric& fabric) {
  Seconds most;
  std::string name;
  for (const auto& [channel, time] : bound) {
    if (time <= most) continue;
    most = time;
    name = fabric.name(channel);
  }
  return name.empty() ? what : what + " over " + name;
}

// Of iterations with prompts, or of decodes: what movements on the same channels took from their exchanges.
struct SharedTime {
  double share = 0;  // of their time
  std::string name;
};

SharedTime shared_time(const serving::ChannelSharing* sharing, bool prompts, Seconds all,
                       const topology::Fabric& fabric) {
  SharedTime shared;
  if (sharing == nullptr || all <= Seconds{}) return shared;
  Seconds most;
  for (const auto& [cause, time] : sharing->lost()) {
    if (cause.prompts != prompts) continue;
    shared.share += time / all;
    if (time <= most) continue;
    most = time;
    shared.name = "exchanges over " + fabric.name(cause.channel) + " shared with " + cause.label + "s";
  }
  return shared;
}

std::string adapter_loading(const serving::AdapterStore& adapters, const topology::Fabric& fabric) {
  Seconds on_fabric;
  for (const auto& [channel, time] : adapters.traffic().bound()) on_fabric = std::max(on_fabric, time);
  if (adapters.figures().off_fabric > on_fabric) return "loading LoRA adapters from storage (start_up.storage)";
  return busiest("loading LoRA adapters", adapters.traffic().bound(), fabric);
}

struct Observed {
  const Deployment& deployment;
  const ServingCollector::Means& means;
  const serving::Service& service;
};

void first_token(std::vector<ServingBottleneck>& list, const Observed& seen, Seconds ttft) {
  const auto& [deployment, means, service] = seen;
  const auto part = [&](const std::string& name, Seconds time) {
    list.push_back({.figure = "ttft", .resource = name, .time = time, .share = time / ttft});
  };
  part("preparing images on the host", means.preparation);
  part("waiting for a place in the batch", means.queueing - means.slot_wait);
  const topology::Fabric& fabric = deployment.topology->fabric;
  if (service.adapters() != nullptr) {
    part("waiting for a LoRA slot (lora.max_loras)", means.slot_wait + means.decode_slot_wait);
    part(adapter_loading(*service.adapters(), fabric), means.adapter_wait);
  }
  std::map<ChannelId, Seconds> fetched;
  if (service.swaps() != nullptr) fetched = service.swaps()->bound();
  if (service.tiers() != nullptr) {
    for (const auto& [channel, time] : service.tiers()->traffic().bound()) fetched[channel] += time;
  }
  part(busiest("fetching cached blocks", fetched, fabric), means.fetch - means.adapter_wait);
  part(busiest("kv transfer", service.transfers().bound(), fabric), means.transfer - means.decode_slot_wait);
  const SharedTime shared = shared_time(service.sharing(), true, means.iterations_with_prompts, fabric);
  part(shared.name, means.prefill * shared.share);
  const Deployment::Engine& engine = engine_of(deployment, serving::Role::prefill);
  const double tokens = std::max(1.0, means.input_tokens - means.cached_tokens);
  const double adapted = service.adapters() != nullptr ? means.adapter_share : 0;
  blame(list, "ttft", means.prefill * (1 - shared.share), ttft,
        engine.cost->breakdown({.prefill_sequences = 1,
                                .prefill_tokens = tokens,
                                .prefill_context = means.cached_tokens,
                                .prefill_pairs = tokens * (means.cached_tokens + (tokens + 1) / 2),
                                .sampled = 1,
                                .adapter_tokens = tokens * adapted,
                                .adapters = adapted,
                                .images = means.images}));
}

void later_token(std::vector<ServingBottleneck>& list, const Observed& seen, Seconds tpot) {
  const auto& [deployment, means, service] = seen;
  const double sequences = std::max(1.0, std::round(means.batch));
  const Deployment::Engine& engine = engine_of(deployment, serving::Role::decode);
  const double tokens_each = 1.0 + engine.pool->engine.speculative_tokens;
  const model::Batch batch{.decode_sequences = sequences,
                           .decode_tokens = sequences * tokens_each,
                           .decode_context = sequences * means.context,
                           .sampled = sequences * tokens_each,
                           .adapter_tokens = std::min(sequences, means.adapter_batch) * tokens_each,
                           .adapters = means.adapters};
  const Seconds alone = std::min(tpot, engine.cost->time(batch));
  blame(list, "tpot", alone, tpot, engine.cost->breakdown(batch));
  const SharedTime shared = shared_time(service.sharing(), false, means.decode_iterations, deployment.topology->fabric);
  const Seconds lost = std::min(tpot - alone, tpot * shared.share);
  list.push_back({.figure = "tpot", .resource = shared.name, .time = lost, .share = lost / tpot});
  const Seconds rest = tpot - alone - lost;
  list.push_back(
      {.figure = "tpot", .resource = "prefill of other requests, preemption", .time = rest, .share = rest / tpot});
}

}  // namespace

std::vector<ServingBottleneck> serving_bottlenecks(const Deployment& deployment, const ServingCollector::Means& means,
                                                   const metrics::ServingReport& report,
                                                   const serving::Service& service) {
  std::vector<ServingBottleneck> list;
  const Observed seen{.deployment = deployment, .means = means, .service = service};
  if (report.ttft.mean() > Seconds{}) first_token(list, seen, report.ttft.mean());
  if (report.tpot.mean() > Seconds{} && means.batch > 0) later_token(list, seen, report.tpot.mean());
  rank(list);
  return list;
}

}  // namespace aifsim::study
