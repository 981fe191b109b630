// Which GPU of the fabric plays which rank.
//
// Rank order is Megatron's: tp fastest, then cp, dp, pp. A job smaller than its machine fills NVLink domains evenly
// with whole tp x cp groups: 256 GPUs on NVL72 racks sit 64 in each of four.
#pragma once

#include <vector>

#include "base/ids.hpp"
#include "parallel/plan.hpp"
#include "topology/fabric.hpp"

namespace aifsim::parallel {

using Groups = std::vector<std::vector<DeviceId>>;

class RankMap {
 public:
  // `gpus_per_domain`: how many GPUs of each NVLink domain the job takes; 0 = the rule above.
  RankMap(const Plan& plan, const topology::Topology& topology, int gpus_per_domain);

  [[nodiscard]] DeviceId gpu(int tp, int cp, int dp, int pp) const;
  [[nodiscard]] int gpus_per_domain() const { return gpus_per_domain_; }
  [[nodiscard]] int domains() const { return domains_; }

  // All groups of one pipeline stage; the first holds rank 0 of the stage.
  [[nodiscard]] Groups tensor_groups(int stage) const;
  [[nodiscard]] Groups context_groups(int stage) const;
  // Ranks that hold the same parameters. `shards` consecutive ones share the optimizer state or the parameters.
  [[nodiscard]] Groups shard_groups(int stage) const;
  // Across shard groups (HSDP): ranks that hold the same shard. Groups of one when there is a single shard group.
  [[nodiscard]] Groups replica_groups(int stage) const;
  // Pairs (rank of `from`, same rank of `to`).
  [[nodiscard]] Groups stage_pairs(int from, int to) const;

 private:
  Plan plan_;
  int gpus_per_domain_ = 0;
  int domains_ = 0;
  std::vector<DeviceId> device_of_rank_;
};

// GPUs of each NVLink domain the rule above takes. `largest` is the domain size. Pure.
[[nodiscard]] int even_gpus_per_domain(int gpus, int largest, int group);

}  // namespace aifsim::parallel
