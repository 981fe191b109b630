#include "training/unit_cost.hpp"

#include <algorithm>

#include "hardware/operator_cost.hpp"
#include "model/operators.hpp"

namespace aifsim::training {
namespace {

using model::LayerOperator;
using model::Phase;
using model::Recompute;
using model::Role;

void add_time(Composition& composition, const std::string& name, Seconds time) {
  const auto found =
      std::find_if(composition.begin(), composition.end(), [&](const auto& entry) { return entry.first == name; });
  if (found == composition.end()) {
    composition.emplace_back(name, time);
  } else {
    found->second += time;
  }
}

std::string report_name(const Operator& op) {
  switch (op.kind) {
    case OperatorKind::gemm: return "gemm " + std::string(op.name);
    case OperatorKind::attention_forward:
    case OperatorKind::attention_backward: return "attention";
    case OperatorKind::attention_decode:
    case OperatorKind::latent_prefill:
    case OperatorKind::latent_decode:
    case OperatorKind::expert_ffn:
    case OperatorKind::memory: break;
  }
  return std::string(op.name);
}

model::RankShape rank_shape(const TrainingJob& job) {
  return {.sequences = double{1} * job.micro_batch,
          .sequence = job.sequence,
          .tp = job.plan.tp,
          .cp = job.plan.cp,
          .precision = job.precision};
}

// Where an operator's time goes, given which communication runs beside compute.
class PassBuilder {
 public:
  PassBuilder(const TrainingJob& job, const hardware::GpuSpec& gpu) : job_(job), gpu_(gpu) {}

  void add(const std::vector<LayerOperator>& operators, double times) {
    Seconds sum;
    double kernels = 0;
    for (const LayerOperator& entry : operators) {
      const Seconds time = hardware::operator_cost(entry.op, gpu_).time * times;
      add_time(part(entry.role), report_name(entry.op), time);
      sum += time;
      kernels += entry.op.kernels * times;
      if (entry.op.kind != OperatorKind::memory) cost_.flops += entry.op.flops * times;
    }
    // The host must launch every kernel: work that is too small to cover that waits for it.
    const Seconds host = job_.framework.launch_gap * kernels;
    if (host > sum) add_time(cost_.alone, "kernel launch", host - sum);
  }

  PassCost take() { return std::move(cost_); }
  CollectiveCounts& exposed() { return cost_.exposed; }
  CollectiveCounts& hidden() { return cost_.hidden; }

 private:
  Composition& part(Role role) {
    const bool tp = job_.plan.tp > 1;
    switch (role) {
      case Role::attention: return job_.plan.cp > 1 && job_.overlap.context_parallel ? cost_.beside_cp : cost_.alone;
      case Role::column_gemm:
      case Role::row_gemm: return tp && job_.overlap.tensor_parallel ? cost_.beside_tp : cost_.alone;
      case Role::data_gradient:
      case Role::weight_gradient: return tp ? cost_.beside_tp : cost_.alone;
      case Role::plain: break;
    }
    return cost_.alone;
  }

  const TrainingJob& job_;
  const hardware::GpuSpec& gpu_;
  PassCost cost_;
};

// Sequence parallelism (arXiv 2205.05198): a layer all-gathers before its two column GEMMs and reduce-scatters after
// its two row GEMMs. Backward gathers the row GEMMs' output gradients, gathers the saved inputs again beside the data
// gradients, and reduce-scatters input gradients beside the weight gradients; a framework that cannot do so waits for
// both.
void count_tensor_parallel(const TrainingJob& job, const UnitShape& unit, Phase phase, PassBuilder& pass) {
  if (job.plan.tp == 1) return;
  const double hidden_share = job.overlap.tensor_parallel ? job.framework.tp_overlap : 0;
  const double layers = unit.layers;
  if (phase == Phase::forward) {
    pass.exposed().tp_all_gather += 2 * layers * (1 - hidden_share) + (unit.head ? 1 : 0);
    pass.exposed().tp_reduce_scatter += 2 * layers * (1 - hidden_share) + (unit.embedding ? 1 : 0);
    pass.hidden().tp_all_gather += 2 * layers * hidden_share;
    pass.hidden().tp_reduce_scatter += 2 * layers * hidden_share;
    return;
  }
  pass.exposed().tp_all_gather += 2 * layers * (1 - hidden_share) + (unit.embedding ? 1 : 0);
  pass.hidden().tp_all_gather += 2 * layers * hidden_share;
  // What overlapping GEMMs with their own collectives hides is hidden here too.
  const double beside = job.framework.tp_backward_overlap ? 1 : hidden_share;
  const double inputs = 2 * layers + (unit.head ? 1 : 0);
  pass.hidden().tp_all_gather += inputs * beside;
  pass.hidden().tp_reduce_scatter += inputs * beside;
  pass.exposed().tp_all_gather += inputs * (1 - beside);
  pass.exposed().tp_reduce_scatter += inputs * (1 - beside);
}

// Keys and values go round the ring forward; with their gradients backward.
void count_context_parallel(const TrainingJob& job, const UnitShape& unit, Phase phase, PassBuilder& pass) {
  if (job.plan.cp == 1) return;
  CollectiveCounts& counts = job.overlap.context_parallel ? pass.hidden() : pass.exposed();
  counts.cp_all_gather += unit.layers;
  if (phase == Phase::backward) counts.cp_reduce_scatter += unit.layers;
}

PassCost pass_cost(const TrainingJob& job, const UnitShape& unit, Phase phase, const hardware::GpuSpec& gpu) {
  const model::RankShape shape = rank_shape(job);
  const model::ElementwisePasses& passes = job.framework.elementwise;
  PassBuilder pass(job, gpu);
  if (unit.embedding) pass.add(model::embedding_operators(job.model, shape, phase), 1);
  if (unit.layers > 0) pass.add(model::layer_operators(job.model, shape, passes, phase), unit.layers);
  if (unit.head) pass.add(model::head_operators(job.model, shape, passes, phase), 1);
  count_tensor_parallel(job, unit, phase, pass);
  count_context_parallel(job, unit, phase, pass);
  return pass.take();
}

// What of a layer's forward pass runs again. Full: everything, but for the last GEMM and the residual behind it where
// the framework stops early. Selective: the elementwise part, and the GEMMs in the share that the framework's rule
// says.
double recomputed_share(const TrainingJob& job, Recompute recompute, const Operator& op) {
  if (recompute == Recompute::full) return job.framework.recompute_stops_early && op.name == "mlp_down" ? 0 : 1;
  switch (op.kind) {
    case OperatorKind::gemm: return job.framework.selective_recompute_gemms;
    case OperatorKind::memory: return op.name == "quantise" ? 0 : 1;
    case OperatorKind::attention_forward:
    case OperatorKind::attention_backward:
    case OperatorKind::attention_decode:
    case OperatorKind::latent_prefill:
    case OperatorKind::latent_decode:
    case OperatorKind::expert_ffn: break;
  }
  return 0;
}

PassCost recompute_cost(const TrainingJob& job, const UnitShape& unit, Recompute recompute,
                        const hardware::GpuSpec& gpu) {
  if (recompute == Recompute::none || unit.layers == 0) return {};
  PassBuilder pass(job, gpu);
  for (const LayerOperator& entry :
       model::layer_operators(job.model, rank_shape(job), job.framework.elementwise, Phase::forward)) {
    const double share = recomputed_share(job, recompute, entry.op);
    if (share > 0) pass.add({entry}, unit.layers * share);
  }
  if (recompute == Recompute::full) {
    const UnitShape layers{.layers = unit.layers};
    count_tensor_parallel(job, layers, Phase::forward, pass);
    count_context_parallel(job, layers, Phase::forward, pass);
  }
  return pass.take();
}

}  // namespace

Seconds total(const Composition& composition) {
  Seconds sum;
  for (const auto& entry : composition) sum += entry.second;
  return sum;
}

void stretch(UnitCost& cost, double times) {
  for (PassCost* pass : {&cost.forward, &cost.recompute, &cost.backward}) {
    for (Composition* part : {&pass->alone, &pass->beside_tp, &pass->beside_cp}) {
      for (auto& [name, time] : *part) time *= times;
    }
  }
}

double unit_parameters(const TrainingJob& job, const UnitShape& unit) {
  double parameters = unit.layers * model::layer_parameters(job.model);
  const bool shared_table = job.model.tied_embeddings && unit.embedding && unit.head;
  if (unit.embedding) parameters += model::embedding_parameters(job.model);
  if (unit.head && !shared_table) parameters += model::embedding_parameters(job.model);
  return parameters / job.plan.tp;
}

UnitCost unit_cost(const TrainingJob& job, const UnitShape& unit, Recompute recompute, const hardware::GpuSpec& gpu) {
  UnitCost cost;
  cost.forward = pass_cost(job, unit, Phase::forward, gpu);
  cost.recompute = recompute_cost(job, unit, recompute, gpu);
  cost.backward = pass_cost(job, unit, Phase::backward, gpu);
  cost.parameters = unit_parameters(job, unit);
  cost.activations = model::layer_activations(job.model, rank_shape(job), recompute) * double{1.0 * unit.layers};
  return cost;
}

std::vector<std::vector<UnitShape>> slot_units(const TrainingJob& job) {
  // Gradients of a stage are reduced in about this many buckets (Megatron's and DDP's are tens to hundreds of MB; finer
  // ones change nothing).
  const int per_stage = job.plan.pp == 1 ? 16 : 8;
  const int per_slot = std::max(1, per_stage / job.plan.vp);
  const int slots = job.plan.pp * job.plan.vp;
  std::vector<std::vector<UnitShape>> all;
  for (int slot = 0; slot < slots; ++slot) {
    const int layers = job.layers_per_slot[static_cast<std::size_t>(slot)];
    const int wanted = job.plan.sharding == parallel::Sharding::fsdp ? layers : std::min(layers, per_slot);
    std::vector<UnitShape> units;
    for (int i = 0; i < wanted; ++i) units.push_back({.layers = layers * (i + 1) / wanted - layers * i / wanted});
    if (units.empty()) units.push_back({});
    units.front().embedding = slot == 0;
    units.back().head = slot == slots - 1;
    all.push_back(std::move(units));
  }
  return all;
}

}  // namespace aifsim::training
