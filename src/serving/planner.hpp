// Decides how many replicas of a pool run, from what a front end observes: queues, cache use, rates and latencies.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/quantity.hpp"
#include "config/node.hpp"
#include "serving/replica.hpp"

namespace aifsim::serving {

struct PlannerOptions {
  std::size_t policy = 0;  // row of planner_policies()
  Seconds interval;        // between two decisions
  int min = 1, max = 1;    // replicas
  // load: waiting requests of a replica, and share of its cache in use, above which one is added and below which one
  // goes.
  double queue_up = 0.5, queue_down = 0.2;
  double cache_up = 0.9, cache_down = 0.5;
  Seconds tpot;  // sla: what a later token may take
  // sla: replicas go when the fewer that stay would have had no more than this share of what they can serve, in each of
  // so many intervals. The share is that of Dynamo's planner (load-based, "scaling down sensitivity" of 80 %;
  // recalled); the intervals are assumed: the fewest after which constant loads of 10 to 60 requests a second end no
  // replica that they soon need again (serve-llama3-8b-planned.yaml; Kubernetes' autoscaler waits 5 minutes).
  double down_share = 0.8;
  int down_intervals = 6;
};

// One pool in the interval that has just ended.
struct PoolObservation {
  Role role = Role::whole;
  int serving = 0, starting = 0;  // replicas
  Seconds interval;
  double requests = 0;        // that arrived
  double input_tokens = 0;    // of their prompts, all together
  double output_tokens = 0;   // mean of the answers that ended; 0 = none did
  double waiting = 0;         // requests in the pool's queues now
  double waiting_tokens = 0;  // their prompts
  double cache_use = 0;       // mean of the serving replicas now, 0..1
  Seconds tpot;               // mean of the answers that ended; 0 = none did
  double context = 0;         // cached tokens of a decoding sequence: mean prompt and half the answer
  [[nodiscard]] int total() const { return serving + starting; }
};

// What one replica can do, as it was measured before it was deployed.
class EngineProfile {
 public:
  virtual ~EngineProfile() = default;
  [[nodiscard]] virtual double prompt_tokens_per_s(double prompt) const = 0;
  // With as many sequences as give each its tokens at this pace and fit into the cache.
  [[nodiscard]] virtual double output_tokens_per_s(double context, Seconds tpot) const = 0;
  [[nodiscard]] virtual Seconds tpot(double context, double output_tokens_per_s) const = 0;
};

class Planner {
 public:
  virtual ~Planner() = default;
  // How many replicas should be there; the caller keeps to min and max.
  [[nodiscard]] virtual int wanted(const PoolObservation& seen) = 0;
};

struct PlannerPolicy {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Planner> (*make)(const PlannerOptions&, const EngineProfile&);
};
[[nodiscard]] std::span<const PlannerPolicy> planner_policies();
std::unique_ptr<Planner> make_load_planner(const PlannerOptions& options, const EngineProfile& profile);
std::unique_ptr<Planner> make_sla_planner(const PlannerOptions& options, const EngineProfile& profile);

// Reads a `planner:` map for a pool of this many replicas. Problems go to the document.
[[nodiscard]] PlannerOptions read_planner(const config::Node& node, int replicas, Seconds tpot);

}  // namespace aifsim::serving
