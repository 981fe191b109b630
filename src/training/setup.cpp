#include "training/setup.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "collective/circuits.hpp"
#include "hardware/operator_cost.hpp"

namespace aifsim::training {
namespace {

using collective::Operation;
using parallel::Sharding;

constexpr double bf16 = 2;

double bytes_of(Precision precision) { return bytes_per_element(precision).in(units::B); }

// Prices collectives of one job; equal requests of a stage are planned once.
class Planner {
 public:
  Planner(const TrainingJob& job, const hardware::Platform& platform, const topology::Topology& topology,
          const std::vector<std::string>* given)
      : job_(job), platform_(platform), topology_(topology), given_(given) {}

  collective::CollectivePlan plan(Operation operation, double bytes, const parallel::Groups& groups) {
    if (groups.front().size() < 2) return {};
    const std::string algorithm = given_ != nullptr ? given_->at(algorithms_.size()) : "auto";
    collective::CollectivePlan plan = collective::plan({.operation = operation,
                                                        .bytes = units::B * bytes,
                                                        .groups = groups,
                                                        .algorithm = algorithm,
                                                        .nvls_allowed = job_.nvls},
                                                       platform_, topology_);
    algorithms_.push_back(plan.algorithm);
    return plan;
  }
  // Of a NIC's circuits, among its peers in this plan.
  void share_ports(collective::CollectivePlan& plan, std::size_t peers) const {
    collective::share_ports(plan, peers, topology_);
  }
  [[nodiscard]] const std::vector<std::string>& algorithms() const { return algorithms_; }

 private:
  const TrainingJob& job_;
  const hardware::Platform& platform_;
  const topology::Topology& topology_;
  const std::vector<std::string>* given_;
  std::vector<std::string> algorithms_;
};

StagePlans plan_stage(const TrainingJob& job, const parallel::RankMap& ranks, Planner& planner, int stage) {
  const double tokens = double{1} * job.micro_batch * job.sequence / job.plan.cp;
  const double activation = tokens * job.model.hidden * bf16;
  StagePlans plans;
  plans.gpu = ranks.gpu(0, 0, 0, stage);
  const auto tensor = ranks.tensor_groups(stage);
  plans.tp_all_gather = planner.plan(Operation::all_gather, activation, tensor);
  plans.tp_reduce_scatter = planner.plan(Operation::reduce_scatter, activation, tensor);
  // Keys and values of the whole sequence, this rank's heads.
  const double kv_heads = std::max(1.0, double{1} * job.model.kv_heads / job.plan.tp);
  const double kv = tokens * job.plan.cp * 2 * kv_heads * job.model.head_dim * bf16;
  const auto context = ranks.context_groups(stage);
  plans.cp_all_gather = planner.plan(Operation::all_gather, kv, context);
  plans.cp_reduce_scatter = planner.plan(Operation::reduce_scatter, kv, context);
  if (job.plan.pp > 1) {
    const int next = (stage + 1) % job.plan.pp;
    const int previous = (stage + job.plan.pp - 1) % job.plan.pp;
    plans.send_forward =
        planner.plan(Operation::send_receive, activation / job.plan.tp, ranks.stage_pairs(stage, next));
    plans.send_backward =
        planner.plan(Operation::send_receive, activation / job.plan.tp, ranks.stage_pairs(stage, previous));
    // The next stage and the one before it: each has its part of a NIC's circuits.
    const std::size_t neighbours = job.plan.pp > 2 ? 2 : 1;
    planner.share_ports(plans.send_forward, neighbours);
    planner.share_ports(plans.send_backward, neighbours);
  }
  return plans;
}

// Plans the collectives of a unit's parameters and gradients.
class ParameterPlanner {
 public:
  ParameterPlanner(const TrainingJob& job, const parallel::RankMap& ranks, Planner& planner, int stage)
      : job_(job), planner_(planner), shard_(ranks.shard_groups(stage)), replicas_(ranks.replica_groups(stage)) {}

  void place(PlacedUnit& unit) {
    const double parameters = unit.cost.parameters;
    const double gradient = parameters * bytes_of(job_.gradient_precision);
    const double gathered = parameters * bytes_of(job_.gather_precision);
    unit.reduces = shard_.front().size() > 1 && parameters > 0;
    unit.gathers = unit.reduces && job_.plan.sharding != Sharding::none;
    unit.reduces_replicas = replicas_.front().size() > 1 && parameters > 0;
    if (unit.reduces) {
      const auto operation = unit.gathers ? Operation::reduce_scatter : Operation::all_reduce;
      unit.reduce = cached(operation, gradient, shard_);
    }
    if (unit.gathers) unit.gather = cached(Operation::all_gather, gathered, shard_);
    if (unit.reduces_replicas) {
      unit.replica_reduce =
          cached(Operation::all_reduce, gradient / static_cast<double>(shard_.front().size()), replicas_);
    }
  }

 private:
  const collective::CollectivePlan& cached(Operation operation, double bytes, const parallel::Groups& groups) {
    auto [entry, added] = plans_.try_emplace({operation, bytes, &groups == &shard_});
    if (added) entry->second = planner_.plan(operation, bytes, groups);
    return entry->second;
  }

  const TrainingJob& job_;
  Planner& planner_;
  parallel::Groups shard_;
  parallel::Groups replicas_;
  std::map<std::tuple<Operation, double, bool>, collective::CollectivePlan> plans_;
};

// Adam reads and writes its shard; the gradient norm reads the gradients; FP8 weights are cast once a step.
Seconds optimizer_time(const TrainingSetup& setup, double parameters) {
  const TrainingJob& job = setup.job;
  const double shards = job.plan.sharding == Sharding::none ? 1 : job.plan.shards();
  Operator adam;
  adam.kind = OperatorKind::memory;
  adam.name = "optimizer";
  adam.bytes = units::B * (parameters / shards * job.framework.optimizer_bytes);
  Seconds time = hardware::operator_cost(adam, setup.gpu).time;
  if (job.plan.sharding != Sharding::fsdp) {
    Operator zero;  // gradient buffers are zeroed, whole
    zero.kind = OperatorKind::memory;
    zero.name = "optimizer";
    zero.bytes = units::B * (parameters * bytes_of(job.gradient_precision));
    time += hardware::operator_cost(zero, setup.gpu).time;
  }
  if (bytes_of(job.precision) < bf16) {
    Operator cast;
    cast.kind = OperatorKind::memory;
    cast.name = "quantise";
    cast.bytes = units::B * (parameters * (bf16 + 2 * bytes_of(job.precision)));
    const double times = job.framework.caches_quantised_weights ? 1 : job.micro_batches();
    time += hardware::operator_cost(cast, setup.gpu).time * times;
  }
  return time;
}

// Of all GPUs that a stage's representative stands for: the slowest sets the pace.
double slowest_speed(const TrainingSetup& setup, const parallel::RankMap& ranks, int stage) {
  double slowest = 1;
  if (setup.topology->slow_gpus.empty()) return slowest;
  const parallel::Plan& plan = setup.job.plan;
  for (int dp = 0; dp < plan.dp; ++dp) {
    for (int cp = 0; cp < plan.cp; ++cp) {
      for (int tp = 0; tp < plan.tp; ++tp) {
        slowest = std::min(slowest, setup.topology->speed(ranks.gpu(tp, cp, dp, stage)));
      }
    }
  }
  return slowest;
}

void place_units(TrainingSetup& setup, const parallel::RankMap& ranks, Planner& planner) {
  const TrainingJob& job = setup.job;
  const auto shapes = slot_units(job);
  setup.slots.resize(shapes.size());
  double fullest = 0, slowest = 1;
  Flops per_rank;
  std::vector<std::pair<UnitShape, UnitCost>> costs;  // few different ones
  const auto cost_of = [&](const UnitShape& shape) -> const UnitCost& {
    for (const auto& known : costs) {
      if (known.first == shape) return known.second;
    }
    return costs.emplace_back(shape, unit_cost(job, shape, setup.activations.recompute, setup.gpu)).second;
  };
  for (int stage = 0; stage < job.plan.pp; ++stage) {
    ParameterPlanner parameter_planner(job, ranks, planner, stage);
    const double speed = slowest_speed(setup, ranks, stage);
    slowest = std::min(slowest, speed);
    double parameters = 0;
    for (int chunk = 0; chunk < job.plan.vp; ++chunk) {
      const auto slot = static_cast<std::size_t>(chunk * job.plan.pp + stage);
      for (const UnitShape& shape : shapes[slot]) {
        PlacedUnit unit;
        unit.shape = shape;
        unit.cost = cost_of(shape);
        if (speed < 1) stretch(unit.cost, 1 / speed);
        parameter_planner.place(unit);
        parameters += unit.cost.parameters;
        per_rank += unit.cost.forward.flops + unit.cost.recompute.flops + unit.cost.backward.flops;
        setup.slots[slot].push_back(std::move(unit));
      }
    }
    fullest = std::max(fullest, parameters);
  }
  setup.optimizer = optimizer_time(setup, fullest) * (1 / slowest);
  // per_rank summed over the stages of one pipeline; every tp, cp and dp rank does the same.
  setup.hardware_flops_per_step =
      per_rank * (double{1} * job.micro_batches() * job.plan.tp * job.plan.cp * job.plan.dp);
}

// The GPU as the framework's kernel library drives it, clocks settled: a training step is one long load.
hardware::GpuSpec gpu_with_kernels(const TrainingJob& job, hardware::GpuSpec gpu, std::vector<std::string>& notes) {
  const std::string& library = job.framework.kernel_library;
  if (!library.empty()) {
    if (auto profile = hardware::with_library(gpu.kernels, library)) {
      gpu.kernels = std::move(*profile);
    } else {
      notes.push_back("no kernel efficiencies of " + library + " for " + gpu.name + ": those of " +
                      gpu.kernels.library + " are used");
    }
  }
  if (!gpu.kernels.derived_from.empty()) {
    notes.push_back("kernel efficiencies of " + gpu.name + " are derived from " + gpu.kernels.derived_from + ": " +
                    gpu.kernels.derived_because);
  }
  gpu.kernels = hardware::under_sustained_load(std::move(gpu.kernels));
  return gpu;
}

void note_placement(const TrainingJob& job, TrainingSetup& setup) {
  if (setup.domains < 2) return;
  setup.notes.push_back("placement: " + std::to_string(job.plan.gpus()) + " GPUs, " +
                        std::to_string(setup.gpus_per_domain) + " in each of " + std::to_string(setup.domains) +
                        " NVLink domains");
}

void note_activations(TrainingSetup& setup) {
  if (setup.job.recompute != RecomputeChoice::automatic) return;
  constexpr std::array names{"none", "selective", "full"};
  std::string text =
      "recompute: auto chose " + std::string(names[static_cast<std::size_t>(setup.activations.recompute)]);
  if (setup.activations.offload > 0) {
    text +=
        " with " + std::to_string(static_cast<int>(100 * setup.activations.offload)) + " % of activations offloaded";
  }
  setup.notes.push_back(std::move(text));
}

BytesPerSecond host_link_of(const hardware::Platform& platform) {
  const hardware::NodeSpec& node = *platform.groups.front().type;
  return node.host_link * platform.medium(node.host_link_medium).payload_fraction;
}

}  // namespace

TrainingSetup prepare(TrainingJob wanted, const hardware::Platform& platform, const topology::Topology& topology,
                      const std::vector<std::string>* algorithms) {
  TrainingSetup setup;
  setup.platform = &platform;
  setup.topology = &topology;
  setup.gpu = gpu_with_kernels(wanted, *platform.groups.front().type->gpu, setup.notes);
  setup.host_link = host_link_of(platform);
  setup.activations = chosen_activation_plan(wanted, setup.gpu, setup.host_link);
  wanted.offload_activations = setup.activations.offload;
  setup.job = std::move(wanted);
  const TrainingJob& job = setup.job;
  note_activations(setup);
  if (platform.groups.size() > 1) {
    setup.notes.push_back("several node types: every rank is priced as " + setup.gpu.name + ", the first group's GPU");
  }
  setup.memory = footprint(job, setup.activations.recompute, setup.gpu);
  check_fits(job, setup.activations.recompute, setup.gpu);
  const parallel::RankMap ranks(job.plan, topology, job.gpus_per_domain);
  setup.gpus_per_domain = ranks.gpus_per_domain();
  setup.domains = ranks.domains();
  note_placement(job, setup);
  setup.notes.insert(setup.notes.end(), topology.notes.begin(), topology.notes.end());
  Planner planner(job, platform, topology, algorithms);
  for (int stage = 0; stage < job.plan.pp; ++stage) setup.stages.push_back(plan_stage(job, ranks, planner, stage));
  place_units(setup, ranks, planner);
  setup.algorithms = planner.algorithms();
  setup.model_flops_per_step = model::model_flops_per_token(job.model, job.sequence) * job.tokens_per_step();
  return setup;
}

}  // namespace aifsim::training
