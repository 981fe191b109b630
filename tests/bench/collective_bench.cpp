// What one collective costs the simulator, the platform's making included, by GPUs. Each measurement runs in a child
// process, which reports its own CPU time and memory.
#include <benchmark/benchmark.h>

#include <sys/resource.h>

#include <ctime>

#include "../engine/in_child.hpp"
#include "config/node.hpp"
#include "engine/simgrid_executor.hpp"
#include "study/collective_bench.hpp"
#include "study/traffic.hpp"

namespace aifsim {
namespace {

struct Cluster {
  explicit Cluster(const std::string& file, const std::vector<config::Override>& overrides = {}) {
    const config::Document document = config::Document::load(AIFSIM_SOURCE_DIR "/platforms/" + file, overrides);
    platform = hardware::read_platform(document);
    document.check();
    topology = topology::build(platform);
    executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  }
  hardware::Platform platform;
  topology::Topology topology;
  std::unique_ptr<task::Executor> executor;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <typename Work>
void report(benchmark::State& state, Work work) {
  for (auto _ : state) {
    const std::vector<double> cost = test::in_child([&] {
      const double begin = cpu_seconds();
      const std::size_t flows = work();
      rusage usage{};
      getrusage(RUSAGE_SELF, &usage);
      return std::vector{cpu_seconds() - begin, static_cast<double>(usage.ru_maxrss) * 1024.0,
                         static_cast<double>(flows)};
    });
    state.SetIterationTime(cost[0]);
    state.counters["peak_MB"] = cost[1] / 1e6;
    state.counters["flows"] = cost[2];
  }
}

// 1 GiB on DGX H100 nodes, rail-optimised; the argument is GPUs.
void all_reduce(benchmark::State& state, const std::string& algorithm, bool unfolded) {
  report(state, [&] {
    Cluster cluster("dgx-h100-2048.yaml", {{"nodes.count", std::to_string(state.range(0) / 8)}});
    study::BenchRequest request{.algorithm = algorithm, .sizes = {units::GiB * 1.0}};
    request.unfolded = unfolded;
    return study::run_bench(request, cluster.platform, cluster.topology, *cluster.executor).rows.front().flows;
  });
}
BENCHMARK_CAPTURE(all_reduce, hierarchical, "hierarchical", false)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Arg(4096)
    ->Arg(16384)
    ->Arg(131072)
    ->Arg(1048576);
BENCHMARK_CAPTURE(all_reduce, ring_unfolded, "ring", true)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Arg(512)
    ->Arg(4096)
    ->Arg(16384);

void all_to_all_traffic(benchmark::State& state, const std::string& file) {
  report(state, [&] {
    Cluster cluster(file);
    const auto transfers = study::make_transfers({.pattern = "all-to-all"}, cluster.topology.fabric.gpu_count());
    return study::simulate_traffic(transfers, cluster.platform, cluster.topology, *cluster.executor).flows;
  });
}
#define AIFSIM_TRAFFIC_BENCHMARK(name, file) \
  BENCHMARK_CAPTURE(all_to_all_traffic, name, file)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(1)
AIFSIM_TRAFFIC_BENCHMARK(torus_2d, "torus-2d-64.yaml");
AIFSIM_TRAFFIC_BENCHMARK(torus_3d, "torus-3d-64.yaml");
AIFSIM_TRAFFIC_BENCHMARK(hyperx, "hyperx-64.yaml");
AIFSIM_TRAFFIC_BENCHMARK(dragonfly, "dragonfly-64.yaml");
AIFSIM_TRAFFIC_BENCHMARK(ocs_rails, "ocs-rails-64.yaml");
AIFSIM_TRAFFIC_BENCHMARK(rail_only, "rail-only-64.yaml");
AIFSIM_TRAFFIC_BENCHMARK(dual_plane, "dual-plane-64.yaml");

}  // namespace
}  // namespace aifsim
