#include "serving/job.hpp"

#include <array>

#include "serving/request_plan.hpp"

namespace aifsim::serving {
namespace {

constexpr config::Range replica_count{.min = 1, .max = 1e6};

Pool read_pool(const config::Node& node, Role role, const config::Node& shared_engine, const model::ModelSpec& model,
               const hardware::Platform* platform) {
  Pool pool{.role = role, .replicas = 1, .engine = {}};
  pool.replicas = static_cast<int>(node.optional("replicas").integer_or(1, replica_count));
  const config::Node own = node.optional("engine");
  pool.engine = read_engine(own ? own : shared_engine, model, platform);
  node.finish();
  return pool;
}

void read_pools(const config::Node& root, const hardware::Platform* platform, ServingJob& job) {
  const config::Node prefill = root.optional("prefill"), decode = root.optional("decode");
  if (!prefill && !decode) {
    Pool pool;
    pool.replicas = static_cast<int>(root.optional("replicas").integer_or(1, replica_count));
    pool.engine = read_engine(root.required("engine"), job.model, platform);
    job.pools.push_back(std::move(pool));
    return;
  }
  const config::Node shared = prefill && prefill.has("engine") && decode && decode.has("engine") ? root.optional("engine")
                                                                                                  : root.required("engine");
  if (root.has("replicas")) {
    root.optional("replicas").problem("no `replicas` beside `prefill` and `decode`, which have their own", "both");
  }
  job.pools.push_back(read_pool(root.required("prefill"), Role::prefill, shared, job.model, platform));
  job.pools.push_back(read_pool(root.required("decode"), Role::decode, shared, job.model, platform));
}

void read_router(const config::Node& node, RouterOptions& options) {
  if (!node) return;
  std::vector<std::string_view> names;
  for (const RouterPolicy& policy : router_policies()) names.push_back(policy.name);
  if (node.is_scalar()) {
    options.policy = node.choice(names);
    return;
  }
  options.policy = node.required("policy").choice(names);
  options.overlap_weight = node.optional("overlap_weight").number_or(1, {.min = 0, .max = 1e6});
  node.finish();
}

void read_transfer(const config::Node& node, ServingJob& job) {
  if (!node) return;
  job.transfer_efficiency = node.optional("efficiency").number_or(job.transfer_efficiency, {.min = 0.01, .max = 1});
  job.transfer_setup = node.optional("setup").seconds_or(job.transfer_setup);
  node.finish();
}

void read_service_level(const config::Node& node, ServiceLevel& level) {
  if (!node) return;
  level.ttft = node.optional("ttft").seconds_or({});
  level.tpot = node.optional("tpot").seconds_or({});
  node.finish();
}

void read_failures(const config::Node& node, ServingJob& job) {
  int replicas = 0;
  for (const Pool& pool : job.pools) replicas += pool.replicas;
  if (!node) return;
  for (const config::Node& item : node.items()) {
    ReplicaFailure failure;
    failure.replica = static_cast<std::uint32_t>(item.required("replica").integer({.min = 0, .max = replicas - 1.0}));
    failure.at = item.required("at").seconds();
    item.finish();
    job.failures.push_back(failure);
  }
}

}  // namespace

ServingJob read_serving_job(const config::Document& document, const hardware::Platform* platform) {
  const config::Node root = document.root();
  ServingJob job;
  (void)root.required("kind").choice(std::array<std::string_view, 1>{"serving"});
  job.name = root.optional("name").text_or("serving");
  (void)root.optional("description").text_or("");
  (void)root.optional("source").text_or("");
  job.model = model::read_model(root.required("model"));
  read_pools(root, platform, job);
  read_router(root.optional("router"), job.router);
  read_transfer(root.optional("transfer"), job);
  job.kv_tiers = read_kv_tiers(root.optional("kv_tiers"), platform);
  read_service_level(root.optional("slo"), job.slo);
  read_failures(root.optional("failures"), job);
  job.queue_limit = static_cast<int>(root.optional("queue_limit").integer_or(0, {.min = 0, .max = 1e9}));
  job.warm_up_requests = static_cast<std::uint64_t>(root.optional("warm_up").integer_or(0, {.min = 0, .max = 1e12}));
  job.requests = std::make_shared<const RequestPlan>(read_request_plan(root.required("requests")));
  root.finish();
  if (!document.has_problems() && platform != nullptr && job.gpus() > platform->gpu_count()) {
    root.problem("replicas that fit on the platform's " + std::to_string(platform->gpu_count()) + " GPUs",
                 std::to_string(job.gpus()) + " GPUs",
                 "add nodes with --set nodes.count=… or ask for fewer replicas");
  }
  return job;
}

}  // namespace aifsim::serving
