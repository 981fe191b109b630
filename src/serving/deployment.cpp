// Puts the replicas of a job on GPUs, in their order, and never across an NVLink domain's end where they fit into one.
#include <map>
#include <tuple>

#include "base/error.hpp"
#include "serving/service.hpp"
#include "topology/node_of.hpp"

namespace aifsim::serving {
namespace {

// GPUs from `first` on to the end of its NVLink domain.
std::size_t left_in_domain(const topology::Topology& topology, std::size_t first) {
  const topology::Fabric& fabric = topology.fabric;
  const std::uint32_t domain = topology.routing->nvlink_domain(fabric.gpu(first));
  std::size_t end = first;
  while (end < fabric.gpu_count() && topology.routing->nvlink_domain(fabric.gpu(end)) == domain) ++end;
  return end - first;
}
std::size_t domain_size(const topology::Topology& topology, std::size_t gpu) {
  std::size_t first = gpu;
  const std::uint32_t domain = topology.routing->nvlink_domain(topology.fabric.gpu(gpu));
  while (first > 0 && topology.routing->nvlink_domain(topology.fabric.gpu(first - 1)) == domain) --first;
  return left_in_domain(topology, first);
}

[[noreturn]] void too_few_gpus(const ServingJob& job, const hardware::Platform& platform) {
  throw ConfigError(Problem{.file = platform.file,
                            .key = "nodes",
                            .expected = "GPUs for every replica (" + std::to_string(job.gpus()) + ")",
                            .got = std::to_string(platform.gpu_count()),
                            .hint = "add nodes with --set nodes.count=… or ask for fewer replicas"});
}

// The first GPU of a replica of `size` GPUs that may begin at `next`.
std::size_t place(const topology::Topology& topology, std::size_t next, std::size_t size) {
  if (next >= topology.fabric.gpu_count()) return next;
  const std::size_t left = left_in_domain(topology, next);
  const bool begun = left < domain_size(topology, next);
  return size > left && begun ? next + left : next;
}

// Replicas alike in this have equal costs, as long as no part of the fabric is slower than its kind.
using Likeness = std::tuple<const Pool*, const hardware::NodeSpec*, std::size_t, std::size_t>;

}  // namespace

Deployment::Deployment(const ServingJob& serving_job, const hardware::Platform& cluster,
                       const topology::Topology& fabric)
    : job(&serving_job), platform(&cluster), topology(&fabric) {
  std::map<Likeness, std::shared_ptr<const IterationCost>> costs;
  const bool uniform = fabric.dead_channels == nullptr && fabric.slow_gpus.empty() && cluster.faults.empty();
  std::size_t next = 0;
  for (const Pool& pool : serving_job.pools) {
    const auto size = static_cast<std::size_t>(pool.engine.plan.gpus());
    for (int replica = 0; replica < pool.most(); ++replica) {
      const std::size_t first = place(fabric, next, size);
      next = first + size;
      if (next > fabric.fabric.gpu_count()) too_few_gpus(serving_job, cluster);
      Engine engine{.pool = &pool, .gpus = {}, .cost = nullptr};
      for (std::size_t i = first; i < next; ++i) engine.gpus.push_back(fabric.fabric.gpu(i));
      const std::size_t left = left_in_domain(fabric, first);
      const Likeness like{&pool, &topology::node_of(engine.gpus.front(), cluster, fabric.fabric), left % size,
                          std::min(left, size)};
      std::shared_ptr<const IterationCost>& cost = costs[like];
      if (!cost || !uniform) {
        cost = std::make_shared<IterationCost>(serving_job.model, pool.engine, cluster, fabric, engine.gpus);
      }
      engine.cost = cost;
      engines.push_back(std::move(engine));
    }
    const hardware::NodeSpec& node = topology::node_of(engines.back().gpus.front(), cluster, fabric.fabric);
    memories.push_back(engine_memory(serving_job.model, pool.engine, *node.gpu));
  }
}

int ServingJob::gpus() const {
  int sum = 0;
  for (const Pool& pool : pools) sum += pool.most() * pool.engine.plan.gpus();
  return sum;
}

}  // namespace aifsim::serving
