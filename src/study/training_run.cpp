#include "study/training_run.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "metrics/additive.hpp"
#include "metrics/timeline.hpp"
#include "study/training_faults.hpp"
#include "training/step_graph.hpp"

namespace aifsim::study {
namespace {

// Everything additive that one executed step says.
struct Executed {
  Seconds time;
  metrics::Breakdown breakdown;
  metrics::Blames blames;
  metrics::ChannelBytes bytes;
};

// Bytes on every channel of the fabric: each executed flow stands for the same traffic of all ranks that do as it does.
metrics::ChannelBytes carried(const training::StepGraph& step) {
  std::vector<Bytes> executed(step.flow_of_path.size());
  for (std::size_t i = 0; i < step.graph.size(); ++i) {
    const task::Task& task = step.graph.task(TaskId(i));
    if (task.kind == task::TaskKind::flow) executed[task.path.index()] += task.bytes;
  }
  metrics::ChannelBytes bytes;
  for (std::size_t path = 0; path < executed.size(); ++path) {
    const collective::PhaseFlow& flow = *step.flow_of_path[path];
    const double times = flow.bytes > Bytes{} ? executed[path] / flow.bytes : 0;
    for (const collective::ChannelLoad& load : *flow.everyone) bytes[load.channel] += load.bytes * times;
  }
  return bytes;
}

Executed execute(const training::TrainingSetup& setup, int micro_batches, task::Executor& executor) {
  const training::StepGraph step = training::build_step(setup, micro_batches);
  metrics::Timeline timeline(step.graph.size());
  bool finished = false;
  executor.submit(step.graph, timeline, [&finished] { finished = true; });
  executor.run();
  ensure(finished, "every task of a step finishes");
  const topology::Fabric& fabric = setup.topology->fabric;
  const auto channel_name = [&fabric](ChannelId id) { return fabric.name(id); };
  Executed done;
  done.time = timeline.elapsed();
  done.breakdown = metrics::exposed_breakdown(step.graph, timeline, setup.stages.back().gpu);
  done.blames = metrics::critical_path(step.graph, timeline, channel_name, step.composition);
  done.bytes = carried(step);
  return done;
}

// Micro-batches that fill the pipeline and let its rhythm settle: two rounds of the stages; then one more round to read
// the rhythm off.
Executed execute_periodic(const training::TrainingSetup& setup, task::Executor& executor) {
  const training::TrainingJob& job = setup.job;
  const int group = job.schedule->micro_batches_in_groups ? job.plan.pp : 1;
  const int settled = std::max(2, 2 * job.plan.pp);
  const int whole = job.micro_batches();
  if (whole <= settled + group + group / 2) return execute(setup, whole, executor);
  const Executed shorter = execute(setup, settled, executor);
  const Executed longer = execute(setup, settled + group, executor);
  const double factor = double{1} * (whole - settled) / group;
  return {.time = metrics::extrapolate_amount(shorter.time, longer.time, factor),
          .breakdown = metrics::extrapolate(shorter.breakdown, longer.breakdown, factor),
          .blames = metrics::extrapolate(shorter.blames, longer.blames, factor),
          .bytes = metrics::extrapolate(shorter.bytes, longer.bytes, factor)};
}

FlopsPerSecond peak_of(const training::TrainingSetup& setup) {
  const auto found = setup.gpu.dense_peak.find(setup.job.precision);
  ensure(found != setup.gpu.dense_peak.end(), "the GPU has the job's precision");
  return found->second;
}

std::string layout(const training::TrainingJob& job) {
  const parallel::Plan& plan = job.plan;
  std::string text = "TP" + std::to_string(plan.tp) + " PP" + std::to_string(plan.pp);
  if (plan.vp > 1) text += " VP" + std::to_string(plan.vp);
  if (plan.cp > 1) text += " CP" + std::to_string(plan.cp);
  text += " DP" + std::to_string(plan.dp);
  switch (plan.sharding) {
    case parallel::Sharding::none: break;
    case parallel::Sharding::distributed_optimizer: text += ", distributed optimizer"; break;
    case parallel::Sharding::gradients: text += ", ZeRO-2"; break;
    case parallel::Sharding::fsdp: text += ", FSDP"; break;
  }
  return text + ", " + std::string(job.schedule->name);
}

TrainingResult result_of(const training::TrainingSetup& setup, Executed executed) {
  const training::TrainingJob& job = setup.job;
  TrainingResult result;
  result.job.name = job.name;
  result.job.kind = "training";
  result.job.model = job.model.name;
  result.job.layout = layout(job);
  result.job.precision = name_of(job.precision);
  result.job.gpus = job.plan.gpus();
  result.job.step_time = executed.time;
  result.job.throughput = metrics::throughput({.tokens = job.tokens_per_step(),
                                               .model_flops = setup.model_flops_per_step,
                                               .hardware_flops = setup.hardware_flops_per_step,
                                               .gpus = double{1} * job.plan.gpus(),
                                               .peak_per_gpu = peak_of(setup)},
                                              executed.time);
  for (const auto& [name, bytes] : setup.memory.classes()) result.job.memory.classes.push_back({name, bytes});
  result.job.memory.capacity = setup.memory.capacity;
  result.job.breakdown = std::move(executed.breakdown);
  result.job.blames = std::move(executed.blames);
  result.channels = metrics::channel_usage(executed.bytes, setup.topology->fabric, executed.time);
  result.notes = setup.notes;
  return result;
}

SteadyStep steady_step(const Executed& executed) {
  const std::vector<metrics::Bottleneck> ranking = metrics::ranked(executed.blames);
  return {.time = executed.time, .bottleneck = ranking.empty() ? "" : ranking.front().resource};
}

}  // namespace

TrainingResult simulate_training(const training::TrainingSetup& setup, task::Executor& executor) {
  const std::vector<topology::NetworkChange> changes = topology::changes_in_run(*setup.platform, *setup.topology);
  Executed executed = execute_periodic(setup, executor);
  const SteadyStep before = steady_step(executed);
  TrainingResult result = result_of(setup, std::move(executed));
  if (changes.empty()) return result;
  const MeasureSteady measure = [&executor](const training::TrainingSetup& changed) {
    return steady_step(execute_periodic(changed, executor));
  };
  result.job.faults = simulate_faults(setup, changes, before, measure, executor);
  result.notes.push_back("faults in mid-run: all figures but those of the faults are of steps before the first");
  return result;
}

TrainingResult simulate_whole_training(const training::TrainingSetup& setup, task::Executor& executor) {
  return result_of(setup, execute(setup, setup.job.micro_batches(), executor));
}

}  // namespace aifsim::study
