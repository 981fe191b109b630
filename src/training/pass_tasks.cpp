#include "training/pass_tasks.hpp"

namespace aifsim::training {

Tasks PassTasks::collective(const collective::CollectivePlan& plan, double times, const std::string& cause,
                            const Sender& sender, const Tasks& after) {
  if (times <= 0 || plan.phases.empty()) return after;
  const LabelId label = step_.graph.label(cause + ":" + plan.algorithm);
  Tasks before = circuits_.turned(plan, sender, after);
  if (plan.turning > Seconds{}) {
    const LabelId turns = step_.graph.label("ocs:turn between rounds");
    before = {step_.graph.delay(plan.turning * times, turns, before, sender.gpu)};
  }
  Seconds latency = (plan.alpha - plan.turning) * times;
  for (const collective::Phase& phase : plan.phases) {
    Tasks flows;
    for (const collective::PhaseFlow& flow : phase) {
      flows.push_back(step_.graph.flow({.path = path_of(flow),
                                        .bytes = flow.bytes * times,
                                        .latency = latency,
                                        .rate_limit = flow.rate_limit,
                                        .device = sender.gpu,
                                        .steal = sender.steal},
                                       label, before));
    }
    latency = {};
    before = std::move(flows);
  }
  circuits_.used(plan, sender, before);
  return before;
}

// The same PhaseFlow is used by thousands of tasks: its path is registered once.
PathId PassTasks::path_of(const collective::PhaseFlow& flow) {
  auto [entry, added] = paths_.try_emplace(&flow);
  if (added) {
    entry->second = step_.graph.path(flow.path);
    step_.flow_of_path.resize(step_.graph.path_count());
    step_.flow_of_path[entry->second.index()] = &flow;
  }
  return entry->second;
}

Tasks PassTasks::compute(const Composition& composition, const std::string& text, DeviceId gpu, const Tasks& after) {
  const Seconds time = total(composition);
  if (time <= Seconds{}) return after;
  auto& shares = step_.composition[text];
  if (shares.empty()) {
    for (const auto& [name, part] : composition) shares.emplace_back(name, part / time);
  }
  return {step_.graph.compute(gpu, time, step_.graph.label(text), after)};
}

Tasks PassTasks::pass(const PassCost& cost, const std::string& text, const StagePlans& plans, const Tasks& after) {
  const DeviceId gpu = plans.gpu;
  const double steal = job_.framework.communication_steal;
  const Sender tensor{.gpu = gpu, .dimension = Dimension::tensor};
  const Sender tensor_beside{.gpu = gpu, .dimension = Dimension::tensor, .steal = steal};
  const Sender context{.gpu = gpu, .dimension = Dimension::context};
  const Sender context_beside{.gpu = gpu, .dimension = Dimension::context, .steal = steal};
  Tasks done = compute(cost.alone, text, gpu, after);
  done = collective(plans.tp_all_gather, cost.exposed.tp_all_gather, "tp_comm", tensor, done);
  done = collective(plans.tp_reduce_scatter, cost.exposed.tp_reduce_scatter, "tp_comm", tensor, done);
  done = collective(plans.cp_all_gather, cost.exposed.cp_all_gather, "cp_comm", context, done);
  done = collective(plans.cp_reduce_scatter, cost.exposed.cp_reduce_scatter, "cp_comm", context, done);
  const Tasks before_tp = done;
  done = compute(cost.beside_tp, text + " gemm", gpu, before_tp);
  Tasks flows = collective(plans.tp_all_gather, cost.hidden.tp_all_gather, "tp_comm", tensor_beside, before_tp);
  flows = collective(plans.tp_reduce_scatter, cost.hidden.tp_reduce_scatter, "tp_comm", tensor_beside, flows);
  if (flows != before_tp) append(done, flows);
  const Tasks before_cp = done;
  done = compute(cost.beside_cp, text + " attention", gpu, before_cp);
  flows = collective(plans.cp_all_gather, cost.hidden.cp_all_gather, "cp_comm", context_beside, before_cp);
  flows = collective(plans.cp_reduce_scatter, cost.hidden.cp_reduce_scatter, "cp_comm", context_beside, flows);
  if (flows != before_cp) append(done, flows);
  return done;
}

Tasks PassTasks::offload(const PlacedUnit& unit, DeviceId gpu, const Tasks& after) {
  const Bytes bytes = unit.cost.activations * job_.offload_activations;
  if (bytes <= Bytes{}) return {};
  return {step_.graph.delay(bytes / setup_.host_link, step_.graph.label("offload:activations"), after, gpu)};
}

std::string unit_text(const UnitShape& shape, const char* phase) {
  std::string text = std::string(phase) == "recompute" ? "recompute:forward" : std::string("compute:") + phase;
  text += shape.embedding ? " embedding+" : " ";
  text += std::to_string(shape.layers) + (shape.layers == 1 ? " layer" : " layers");
  if (shape.head) text += "+head";
  return text;
}

}  // namespace aifsim::training
