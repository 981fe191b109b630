#include "report/serving_json.hpp"

#include <nlohmann/json.hpp>

namespace aifsim::report {
namespace {

using Json = nlohmann::ordered_json;

Json distribution_json(const metrics::Distribution& times) {
  return {{"mean", times.mean().in(units::s)},
          {"p50", times.percentile(0.5).in(units::s)},
          {"p90", times.percentile(0.9).in(units::s)},
          {"p99", times.percentile(0.99).in(units::s)},
          {"max", times.most().in(units::s)}};
}

Json pool_json(const metrics::PoolReport& pool) {
  Json memory = Json::object();
  for (const metrics::MemoryClass& entry : pool.memory.classes) memory[entry.name] = entry.bytes.in(units::B);
  Json start_up = Json::object();
  for (const auto& [phase, time] : pool.start_up) start_up[phase] = time.in(units::s);
  memory["capacity"] = pool.memory.capacity.in(units::B);
  return {{"role", pool.role},
          {"replicas", pool.replicas},
          {"layout", pool.layout},
          {"most_replicas", pool.most_replicas},
          {"mean_replicas", pool.mean_replicas},
          {"start_up_s", start_up},
          {"cache_tokens", pool.cache_tokens},
          {"memory", memory}};
}

Json kv_json(const metrics::ServingReport& service) {
  Json tiers = Json::array();
  for (const metrics::CacheTierReport& tier : service.tiers) {
    tiers.push_back({{"name", tier.name},
                     {"capacity_bytes", tier.capacity.in(units::B)},
                     {"hit_ratio", tier.hit_ratio},
                     {"read_bytes", tier.read.in(units::B)},
                     {"written_bytes", tier.written.in(units::B)}});
  }
  return {{"transferred_bytes", service.transferred.in(units::B)},
          {"transfer_mean_s", service.transfer_mean.in(units::s)},
          {"storage_host_cores", service.storage_host_cores},
          {"storage_dpu_cores", service.storage_dpu_cores},
          {"tiers", tiers}};
}

Json images_json(const metrics::ServingReport& service) {
  return {{"brought", service.images}, {"tokens", service.image_tokens}, {"encoded", service.encoded_images}};
}

Json adapters_json(const metrics::AdapterReport& adapters) {
  return {{"requests", adapters.requests},
          {"loads", adapters.loads},
          {"reads", adapters.reads},
          {"hit_ratio", adapters.hit_ratio},
          {"load_wait_s", adapters.load_wait.in(units::s)},
          {"slot_wait_s", adapters.slot_wait.in(units::s)},
          {"loaded_bytes", adapters.loaded.in(units::B)},
          {"read_bytes", adapters.read.in(units::B)}};
}

Json bottlenecks_json(const metrics::ServingReport& service) {
  Json list = Json::array();
  for (const metrics::ServingBottleneck& entry : service.bottlenecks) {
    list.push_back({{"figure", entry.figure},
                    {"resource", entry.resource},
                    {"time_s", entry.time.in(units::s)},
                    {"share", entry.share}});
  }
  return list;
}

Json scaling_json(const metrics::ServingReport& service) {
  Json list = Json::array();
  for (const metrics::ScaleReport& event : service.scaling) {
    list.push_back({{"time_s", event.when.in(units::s)},
                    {"pool", event.pool},
                    {"replica", event.replica},
                    {"what", event.what},
                    {"serving", event.serving}});
  }
  return list;
}

Json series_json(const metrics::ServingReport& service) {
  Json list = Json::array();
  for (const metrics::TimePoint& point : service.series) {
    list.push_back({{"time_s", point.when.in(units::s)},
                    {"running", point.running},
                    {"waiting", point.waiting},
                    {"kv_use", point.cache_use},
                    {"output_tokens_per_s", point.output_tokens_per_s},
                    {"prompt_tokens_per_s", point.prompt_tokens_per_s},
                    {"kv_host_use", point.host_use},
                    {"kv_nvme_use", point.nvme_use},
                    {"kv_network_use", point.network_use}});
  }
  return list;
}

}  // namespace

Json serving_json(const metrics::ServingReport& service) {
  Json pools = Json::array();
  for (const metrics::PoolReport& pool : service.pools) pools.push_back(pool_json(pool));
  Json document = {{"name", service.name},
                   {"kind", "serving"},
                   {"model", service.model},
                   {"engine", service.engine},
                   {"precision", service.precision},
                   {"layout", service.layout},
                   {"gpus", service.gpus},
                   {"requests", service.requests},
                   {"completed", service.completed},
                   {"rejected", service.rejected},
                   {"rejections", service.rejections},
                   {"preemptions", service.preemptions},
                   {"measured", service.measured},
                   {"duration_s", service.duration.in(units::s)},
                   {"ttft_s", distribution_json(service.ttft)},
                   {"tpot_s", distribution_json(service.tpot)},
                   {"itl_s", distribution_json(service.itl)},
                   {"e2e_s", distribution_json(service.e2e)},
                   {"queueing_s", distribution_json(service.queueing)},
                   {"input_tokens", service.input_tokens},
                   {"output_tokens", service.output_tokens},
                   {"requests_per_s", service.requests_per_s},
                   {"output_tokens_per_s", service.output_tokens_per_s},
                   {"output_tokens_per_s_per_gpu", service.output_tokens_per_s_per_gpu},
                   {"goodput_rps", service.goodput_rps},
                   {"prefix_hit_ratio", service.prefix_hit_ratio},
                   {"mean_running", service.mean_running},
                   {"mean_batch", service.mean_batch},
                   {"gpu_hours", service.gpu_hours},
                   {"busy_gpu_hours", service.busy_gpu_hours},
                   {"package", service.package},
                   {"images", images_json(service)},
                   {"pools", pools},
                   {"scaling", scaling_json(service)},
                   {"kv", kv_json(service)},
                   {"bottlenecks", bottlenecks_json(service)},
                   {"series", series_json(service)}};
  if (service.adapters) document["adapters"] = adapters_json(*service.adapters);
  return document;
}

}  // namespace aifsim::report
