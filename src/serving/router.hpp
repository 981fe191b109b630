// Which replica gets a request. A router only decides, from what a front end can know: the prompt and each replica's
// counters, never the length of an answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/rng.hpp"
#include "serving/replica.hpp"
#include "serving/request.hpp"

namespace aifsim::serving {

struct RouterOptions {
  std::size_t policy = 0;     // row of router_policies()
  double overlap_weight = 1;  // prefix-aware: worth of a prompt token that a replica has cached, in tokens of its load
  // adapter-affinity: load of a replica over the mean up to which it is preferred for having the adapter. Assumed.
  double load_limit = 1.25;
  // prefix-aware: worth of a token that lies in a tier, of one in HBM. Dynamo's defaults for host memory and disk (its
  // KV router's host_cache_hit_weight and disk_cache_hit_weight), whose disk is all that is farther away.
  PrefixPlaces tiers{1, 0.75, 0.25, 0.25};
  std::uint64_t seed = 1;
};

class Router {
 public:
  virtual ~Router() = default;
  // Index into `replicas` (those that take requests now; never empty).
  [[nodiscard]] virtual std::size_t choose(const Prompt& prompt, std::span<const Replica* const> replicas) = 0;
};

struct RouterPolicy {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Router> (*make)(const RouterOptions&);
};
[[nodiscard]] std::span<const RouterPolicy> router_policies();

}  // namespace aifsim::serving
