// A serving job as its workload file describes it: model, engines, replicas, requests. Plain, valid data.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/node.hpp"
#include "hardware/platform.hpp"
#include "model/model_spec.hpp"
#include "serving/engine.hpp"
#include "serving/kv_tier_plan.hpp"
#include "serving/planner.hpp"
#include "serving/replica.hpp"
#include "serving/router.hpp"
#include "serving/start_up.hpp"

namespace aifsim::serving {

// Replicas of one kind. Disaggregated: one pool prefills, one decodes.
struct Pool {
  Role role = Role::whole;
  int replicas = 1;  // at the start
  EngineOptions engine;
  StartUpPlan start_up;
  std::optional<PlannerOptions> planner;
  [[nodiscard]] int most() const { return planner ? planner->max : replicas; }
};

struct RequestPlan;

struct ReplicaFailure {
  std::uint32_t replica = 0;  // pools in the order prefill, decode
  Seconds at;
  bool restart = false;  // it starts anew at once
};

struct ServiceLevel {
  Seconds ttft, tpot;  // 0 = not asked
};

struct ServingJob {
  std::string name;
  std::string package;  // and its profile; empty: none
  model::ModelSpec model;
  std::vector<Pool> pools;  // one of role whole, or prefill and decode
  RouterOptions router;
  int queue_limit = 0;  // requests waiting in all replicas together before new ones are rejected; 0 = none
  // Of KV transfers, where the user knows better than measured_transfer(): of the channels' bandwidth, and the time
  // before the first byte (handshake, descriptors).
  std::optional<double> transfer_efficiency;
  std::optional<Seconds> transfer_setup;
  KvTierPlan kv_tiers;  // of replicas that prefill
  std::shared_ptr<const RequestPlan> requests;
  ServiceLevel slo;
  std::vector<ReplicaFailure> failures;
  std::uint64_t warm_up_requests = 0;  // completed first, left out of the figures

  [[nodiscard]] bool disaggregated() const { return pools.size() > 1; }
  [[nodiscard]] bool serves_adapters() const { return pools.front().engine.adapters.slots > 0; }
  [[nodiscard]] bool starts_replicas() const;  // in mid-run
  [[nodiscard]] bool uses_storage() const;     // memory of hosts, drives or shared storage: topology::add_storage()
  [[nodiscard]] int gpus() const;              // that its replicas hold at most
};

// Reads a workload document of `kind: serving`; without a platform (nullptr) the file alone is checked. Problems go to
// the document; call document.check() after.
[[nodiscard]] ServingJob read_serving_job(const config::Document& document, const hardware::Platform* platform);

}  // namespace aifsim::serving
