#include <array>
#include <vector>

#include "serving/planner.hpp"

namespace aifsim::serving {
namespace {

constexpr std::array policies{
    PlannerPolicy{"load", "one replica more or less, on queue length and KV cache use", make_load_planner},
    PlannerPolicy{"sla", "replicas for the load of the last interval within the service level", make_sla_planner},
};
constexpr config::Range share{.min = 0, .max = 1};
constexpr config::Range queue{.min = 0, .max = 1e6};

}  // namespace

std::span<const PlannerPolicy> planner_policies() { return policies; }

PlannerOptions read_planner(const config::Node& node, int replicas, Seconds tpot) {
  std::vector<std::string_view> names;
  for (const PlannerPolicy& policy : policies) names.push_back(policy.name);
  PlannerOptions options;
  options.policy = node.optional("policy").choice_or(0, names);
  options.interval = node.optional("interval").seconds_or(10 * units::s);  // Dynamo's load planner (recalled)
  if (options.interval < 0.001 * units::s) {
    node.optional("interval").problem("at least 1 ms", "less");
    options.interval = 1 * units::s;
  }
  options.min = static_cast<int>(node.optional("min").integer_or(1, {.min = 1, .max = 1e6}));
  options.max = static_cast<int>(node.required("max").integer({.min = 1, .max = 1e6}));
  const config::Node blamed = node.has("max") ? node.optional("max") : node;
  if (options.max < options.min) {
    blamed.problem("at least `min` (" + std::to_string(options.min) + ")", std::to_string(options.max));
  } else if (replicas < options.min || replicas > options.max) {
    blamed.problem("`replicas` (" + std::to_string(replicas) + ") between `min` and `max`",
                   std::to_string(options.min) + " to " + std::to_string(options.max));
  }
  options.queue_up = node.optional("queue_up").number_or(options.queue_up, queue);
  options.queue_down = node.optional("queue_down").number_or(options.queue_down, queue);
  options.cache_up = node.optional("cache_up").number_or(options.cache_up, share);
  options.cache_down = node.optional("cache_down").number_or(options.cache_down, share);
  if (options.queue_down > options.queue_up) node.optional("queue_down").problem("at most `queue_up`", "more");
  if (options.cache_down > options.cache_up) node.optional("cache_down").problem("at most `cache_up`", "more");
  options.down_share = node.optional("down_share").number_or(options.down_share, {.min = 0.01, .max = 1});
  options.down_intervals =
      static_cast<int>(node.optional("down_intervals").integer_or(options.down_intervals, {.min = 1, .max = 1e6}));
  options.tpot = node.optional("tpot").seconds_or(tpot);
  if (policies[options.policy].name == "sla" && options.tpot <= Seconds{}) {
    node.problem("`tpot` here or in `slo`, for the policy sla plans for it", "neither");
  }
  node.finish();
  return options;
}

}  // namespace aifsim::serving
