// How a job's GPUs share the work.
#pragma once

namespace aifsim::parallel {

// What data-parallel ranks split instead of each holding a copy.
enum class Sharding {
  none,                   // plain data parallelism: gradients all-reduced
  distributed_optimizer,  // optimizer state (ZeRO-1): gradients reduce-scattered, parameters all-gathered each step
  gradients,  // gradients too (ZeRO-2): reduce-scattered whenever a chunk has seen one group of micro-batches
  fsdp,       // everything (ZeRO-3): parameters gathered before each use, layer by layer
};

struct Plan {
  int tp = 1;  // tensor parallel, with sequence parallelism
  int pp = 1;  // pipeline stages
  int vp = 1;  // virtual stages (model chunks) per pipeline stage
  int cp = 1;  // context parallel
  int dp = 1;  // data parallel
  Sharding sharding = Sharding::distributed_optimizer;
  int shard_group = 0;  // ranks over which `sharding` splits; 0 = all dp x cp (a divisor of it: HSDP)

  [[nodiscard]] int gpus() const { return tp * pp * cp * dp; }
  [[nodiscard]] int data_ranks() const { return dp * cp; }  // gradients are summed over these
  [[nodiscard]] int shards() const { return shard_group > 0 ? shard_group : data_ranks(); }
};

}  // namespace aifsim::parallel
