#include "serving/job.hpp"

#include <algorithm>
#include <array>

#include "serving/engine_vision.hpp"
#include "serving/package.hpp"
#include "serving/request_plan.hpp"

namespace aifsim::serving {
namespace {

constexpr config::Range replica_count{.min = 1, .max = 1e6};

// What pools share unless they have their own.
struct Shared {
  std::optional<PackagedEngine> package;
  config::Node engine, planner;
  Seconds tpot;
};

// A pool's own keys; `node` is the document's root where there is one pool.
Pool read_pool(const config::Node& node, Role role, const Shared& shared, const model::ModelSpec& model,
               const hardware::Platform* platform) {
  Pool pool{.role = role};
  pool.replicas = static_cast<int>(node.optional("replicas").integer_or(1, replica_count));
  const config::Node own = node.optional("engine"), planner = node.optional("planner");
  if (shared.package) {
    if (own) own.problem("no `engine` beside `package`, whose profile has one", "both");
    pool.engine = shared.package->engine;
    pool.start_up = shared.package->start_up;
  } else {
    pool.engine = read_engine(own ? own : shared.engine, model, platform);
  }
  if (const config::Node& plan = planner ? planner : shared.planner; plan) {
    pool.planner = read_planner(plan, pool.replicas, shared.tpot);
  }
  return pool;
}

void read_pools(const config::Node& root, const hardware::Platform* platform, const Shared& shared, ServingJob& job) {
  const config::Node prefill = root.optional("prefill"), decode = root.optional("decode");
  if (!prefill && !decode) {
    job.pools.push_back(read_pool(root, Role::whole, shared, job.model, platform));
  } else {
    if (root.has("replicas")) {
      root.optional("replicas").problem("no `replicas` beside `prefill` and `decode`, which have their own", "both");
    }
    for (const auto& [key, role] : {std::pair{"prefill", Role::prefill}, std::pair{"decode", Role::decode}}) {
      const config::Node pool = root.required(key);
      job.pools.push_back(read_pool(pool, role, shared, job.model, platform));
      pool.finish();
    }
  }
  for (Pool& pool : job.pools) read_start_up(root.optional("start_up"), pool.start_up, platform);
}

// The pools' engine, if they have not all one of their own.
config::Node shared_engine(const config::Node& root) {
  const config::Node prefill = root.optional("prefill"), decode = root.optional("decode");
  const bool each = prefill && prefill.has("engine") && decode && decode.has("engine");
  return each ? root.optional("engine") : root.required("engine");
}

// Of tiers that the job has.
void read_tier_weights(const config::Node& weights, const KvTierPlan& tiers, RouterOptions& options) {
  for (std::size_t place = 1; place < options.tiers.size(); ++place) {
    const std::string name(topology::data_place_names.at(place));
    const config::Node weight = weights.optional(name);
    options.tiers.at(place) = weight.number_or(options.tiers.at(place), {.min = 0, .max = 1});
    const auto is_it = [&](const KvTierOptions& tier) { return static_cast<std::size_t>(tier.place) == place; };
    if (weight && std::ranges::none_of(tiers.tiers, is_it)) {
      weight.problem("no weight of a tier that `kv_tiers` does not have", weight.text());
    }
  }
  weights.finish();
}

void read_router(const config::Node& node, const KvTierPlan& tiers, RouterOptions& options) {
  if (!node) return;
  std::vector<std::string_view> names;
  for (const RouterPolicy& policy : router_policies()) names.push_back(policy.name);
  if (node.is_scalar()) {
    options.policy = node.choice(names);
    return;
  }
  options.policy = node.required("policy").choice(names);
  options.overlap_weight = node.optional("overlap_weight").number_or(1, {.min = 0, .max = 1e6});
  options.load_limit = node.optional("load_limit").number_or(options.load_limit, {.min = 1, .max = 1e6});
  const config::Node weights = node.optional("tiers");
  if (weights && router_policies()[options.policy].name != "prefix-aware") {
    weights.problem("`policy: prefix-aware`, for no other asks where a prefix is",
                    std::string(router_policies()[options.policy].name));
  }
  if (weights) read_tier_weights(weights, tiers, options);
  node.finish();
}

void read_transfer(const config::Node& node, ServingJob& job) {
  if (!node) return;
  if (const auto efficiency = node.optional("efficiency")) {
    job.transfer_efficiency = efficiency.number({.min = 0.01, .max = 1});
  }
  if (const auto setup = node.optional("setup")) job.transfer_setup = setup.seconds();
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
  for (const Pool& pool : job.pools) replicas += pool.most();
  if (!node) return;
  for (const config::Node& item : node.items()) {
    ReplicaFailure failure;
    failure.replica = static_cast<std::uint32_t>(item.required("replica").integer({.min = 0, .max = replicas - 1.0}));
    failure.at = item.required("at").seconds();
    failure.restart = item.optional("restart").boolean_or(false);
    item.finish();
    job.failures.push_back(failure);
  }
}

// Prefill and decode both run an adapter's layers; and whoever makes requests with adapters wants them served. (A trace
// may bring adapters that nobody asked for: they are noted.)
void check_adapters(const config::Node& root, const ServingJob& job) {
  const bool first = job.pools.front().engine.adapters.slots > 0, last = job.pools.back().engine.adapters.slots > 0;
  if (first != last) {
    root.optional(first ? "decode" : "prefill")
        .problem("`lora` in the engines of both pools, for both run the adapters' layers", "in one of them");
  }
  if (first || last || !job.requests->prompts || job.requests->prompts->adapters.count == 0) return;
  root.optional("requests")
      .optional("adapters")
      .problem("an engine that serves LoRA adapters: write engine.lora: {max_loras: 8, max_lora_rank: 16}",
               "one without `lora`");
}

}  // namespace

bool ServingJob::starts_replicas() const {
  return std::ranges::any_of(pools, [](const Pool& pool) { return pool.planner.has_value(); }) ||
         std::ranges::any_of(failures, [](const ReplicaFailure& failure) { return failure.restart; });
}

bool ServingJob::uses_storage() const {
  const auto uses = [](const Pool& pool) {
    return pool.engine.preemption == Preemption::swap || pool.start_up.weights != WeightSource::nearest;
  };
  return kv_tiers.used() || serves_adapters() || starts_replicas() || std::ranges::any_of(pools, uses);
}

ServingJob read_serving_job(const config::Document& document, const hardware::Platform* platform) {
  const config::Node root = document.root();
  ServingJob job;
  (void)root.required("kind").choice(std::array<std::string_view, 1>{"serving"});
  job.name = root.optional("name").text_or("serving");
  (void)root.optional("description").text_or("");
  (void)root.optional("source").text_or("");
  read_service_level(root.optional("slo"), job.slo);
  std::optional<PackagedEngine> package;
  if (const config::Node node = root.optional("package")) {
    if (root.has("model")) root.optional("model").problem("no `model` beside `package`, which has one", "both");
    package = read_package(node, platform);
    job.model = package->model;
    job.package = package->title;
  } else {
    job.model = model::read_model(root.required("model"));
  }
  const config::Node engine = package ? root.optional("engine") : shared_engine(root);
  read_pools(root, platform, {package, engine, root.optional("planner"), job.slo.tpot}, job);
  job.kv_tiers = read_kv_tiers(root.optional("kv_tiers"), platform);
  read_router(root.optional("router"), job.kv_tiers, job.router);
  read_transfer(root.optional("transfer"), job);
  read_failures(root.optional("failures"), job);
  job.queue_limit = static_cast<int>(root.optional("queue_limit").integer_or(0, {.min = 0, .max = 1e9}));
  job.warm_up_requests = static_cast<std::uint64_t>(root.optional("warm_up").integer_or(0, {.min = 0, .max = 1e12}));
  job.requests = std::make_shared<const RequestPlan>(read_request_plan(root.required("requests")));
  check_adapters(root, job);
  settle_vision(root, job);
  root.finish();
  if (!document.has_problems() && platform != nullptr && job.gpus() > platform->gpu_count()) {
    root.problem("replicas that fit on the platform's " + std::to_string(platform->gpu_count()) + " GPUs",
                 std::to_string(job.gpus()) + " GPUs", "add nodes with --set nodes.count=… or ask for fewer replicas");
  }
  return job;
}

}  // namespace aifsim::serving
