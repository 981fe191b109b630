#include "training/step_graph.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "training/pass_tasks.hpp"

namespace aifsim::training {
namespace {

// What the builder remembers of one pipeline stage while it lays down tasks in program order.
struct StageState {
  DeviceId gpu;
  std::vector<Pass> passes;
  std::size_t next = 0;                              // pass to emit
  Tasks stream;                                      // what the next compute waits for: the compute stream's last tasks
  Tasks gather_stream;                               // last parameter all-gather
  Tasks reduce_stream;                               // last gradient reduction
  std::vector<const PlacedUnit*> unreduced;          // left for the step's end: no neighbour waits for them
  std::vector<Tasks> unit_done;                      // FSDP: recent units, for the limit on gathers ahead
  std::vector<std::vector<Tasks>> parameters_ready;  // [chunk][unit]: the step's all-gather
};

class StepBuilder {
 public:
  StepBuilder(const TrainingSetup& setup, int micro_batches)
      : setup_(setup), job_(setup.job), micro_batches_(micro_batches), tasks_(setup, step_) {}

  StepGraph build() {
    start();
    emit_passes();
    finish();
    return std::move(step_);
  }

 private:
  [[nodiscard]] const std::vector<PlacedUnit>& units(int stage, int chunk) const {
    return setup_.slots[static_cast<std::size_t>(chunk * job_.plan.pp + stage)];
  }
  [[nodiscard]] bool fsdp() const { return job_.plan.sharding == parallel::Sharding::fsdp; }
  [[nodiscard]] double steal(bool hidden) const { return hidden ? job_.framework.communication_steal : 0; }
  StageState& state(int stage) { return stages_[static_cast<std::size_t>(stage)]; }

  void start() {
    stages_.resize(static_cast<std::size_t>(job_.plan.pp));
    const auto slots = setup_.slots.size();
    const auto cells = slots * static_cast<std::size_t>(micro_batches_);
    forward_out_.resize(cells);
    backward_out_.resize(cells);
    for (int s = 0; s < job_.plan.pp; ++s) {
      StageState& stage = state(s);
      stage.gpu = setup_.stages[static_cast<std::size_t>(s)].gpu;
      stage.passes = job_.schedule->passes(s, job_.plan.pp, job_.plan.vp, micro_batches_);
      stage.parameters_ready.resize(static_cast<std::size_t>(job_.plan.vp));
      gather_updated_parameters(s);
    }
  }

  // The distributed optimizer's all-gather of what the last step updated, chunk by chunk in order of use.
  void gather_updated_parameters(int s) {
    StageState& stage = state(s);
    const bool hidden = job_.overlap.parameter_gather;
    for (int chunk = 0; chunk < job_.plan.vp; ++chunk) {
      for (const PlacedUnit& unit : units(s, chunk)) {
        if (unit.gathers && !fsdp()) {
          const Sender sender{.gpu = stage.gpu, .dimension = Dimension::shards, .steal = steal(hidden)};
          stage.gather_stream = tasks_.collective(unit.gather, 1, "param_gather", sender, stage.gather_stream);
        }
        stage.parameters_ready[static_cast<std::size_t>(chunk)].push_back(hidden && !fsdp() ? stage.gather_stream
                                                                                            : Tasks{});
      }
    }
    if (!hidden && !fsdp()) stage.stream = stage.gather_stream;
  }

  // Stages take turns; each emits passes as long as their inputs have been emitted. Tasks so depend on earlier ones
  // only. Where circuits turn, the order of emission is the order in which they are asked for: one pass each, as they
  // run.
  void emit_passes() {
    const auto& circuits = setup_.topology->circuits;
    const bool one_each = circuits && circuits->turning;
    bool progress = true;
    bool left = true;
    while (left) {
      ensure(progress, "a pipeline schedule never waits in a circle");
      progress = false;
      left = false;
      for (int s = 0; s < job_.plan.pp; ++s) {
        StageState& stage = state(s);
        while (stage.next < stage.passes.size() && input_ready(s, stage.passes[stage.next])) {
          emit(s, stage.passes[stage.next++]);
          progress = true;
          if (one_each) break;
        }
        left = left || stage.next < stage.passes.size();
      }
    }
  }

  [[nodiscard]] std::size_t cell(int slot, int micro_batch) const {
    return static_cast<std::size_t>(slot) * static_cast<std::size_t>(micro_batches_) +
           static_cast<std::size_t>(micro_batch);
  }
  [[nodiscard]] int last_slot() const { return static_cast<int>(setup_.slots.size()) - 1; }
  [[nodiscard]] int slot_of(int s, const Pass& pass) const { return pass.chunk * job_.plan.pp + s; }

  [[nodiscard]] bool input_ready(int s, const Pass& pass) const {
    const int slot = slot_of(s, pass);
    if (pass.backward) {
      const auto& from = slot == last_slot() ? forward_out_ : backward_out_;
      return !from[cell(slot == last_slot() ? slot : slot + 1, pass.micro_batch)].empty();
    }
    return slot == 0 || !forward_out_[cell(slot - 1, pass.micro_batch)].empty();
  }

  void emit(int s, const Pass& pass) {
    StageState& stage = state(s);
    const int slot = slot_of(s, pass);
    Tasks after = stage.stream;
    if (pass.backward) {
      if (slot < last_slot()) append(after, backward_out_[cell(slot + 1, pass.micro_batch)]);
      after = backward(s, pass, after);
    } else {
      if (slot > 0) append(after, forward_out_[cell(slot - 1, pass.micro_batch)]);
      after = forward(s, pass, after);
    }
    stage.stream = after;
    send(s, pass, slot);
  }

  // The activation (or its gradient) to the neighbouring slot's stage.
  void send(int s, const Pass& pass, int slot) {
    StageState& stage = state(s);
    const StagePlans& plans = setup_.stages[static_cast<std::size_t>(s)];
    const bool ends = pass.backward ? slot == 0 : slot == last_slot();
    Tasks arrived = stage.stream;
    if (!ends && job_.plan.pp > 1) {
      const int stages = job_.plan.pp;
      const Sender sender{.gpu = stage.gpu,
                          .dimension = Dimension::pipeline,
                          .peer = state((pass.backward ? s + stages - 1 : s + 1) % stages).gpu};
      arrived = tasks_.collective(pass.backward ? plans.send_backward : plans.send_forward, 1, "pp_comm", sender,
                                  stage.stream);
      if (!job_.overlap.pipeline) stage.stream = arrived;
    }
    (pass.backward ? backward_out_ : forward_out_)[cell(slot, pass.micro_batch)] = arrived;
  }

  Tasks forward(int s, const Pass& pass_info, Tasks after) {
    StageState& stage = state(s);
    const auto& chunk = units(s, pass_info.chunk);
    for (std::size_t u = 0; u < chunk.size(); ++u) {
      const PlacedUnit& unit = chunk[u];
      if (pass_info.micro_batch == 0) {
        append(after, stage.parameters_ready[static_cast<std::size_t>(pass_info.chunk)][u]);
      }
      gather_unit(stage, unit, after);
      const Tasks moved = tasks_.offload(unit, stage.gpu, after);
      after = tasks_.pass(unit.cost.forward, unit_text(unit.shape, "forward"),
                          setup_.stages[static_cast<std::size_t>(s)], after);
      append(after, moved);
      stage.unit_done.push_back(after);
    }
    return after;
  }

  Tasks backward(int s, const Pass& pass_info, Tasks after) {
    StageState& stage = state(s);
    const StagePlans& plans = setup_.stages[static_cast<std::size_t>(s)];
    const auto& chunk = units(s, pass_info.chunk);
    for (auto unit = chunk.rbegin(); unit != chunk.rend(); ++unit) {
      gather_unit(stage, *unit, after);
      after = tasks_.pass(unit->cost.recompute, unit_text(unit->shape, "recompute"), plans, after);
      const Tasks moved = tasks_.offload(*unit, stage.gpu, after);
      after = tasks_.pass(unit->cost.backward, unit_text(unit->shape, "backward"), plans, after);
      append(after, moved);
      stage.unit_done.push_back(after);
      reduce_or_keep(s, *unit, pass_info, after);
    }
    return after;
  }

  void reduce_or_keep(int s, const PlacedUnit& unit, const Pass& pass, Tasks& after) {
    StageState& stage = state(s);
    const bool last = pass.micro_batch == micro_batches_ - 1;
    const bool at_once = reduces_after(pass);
    if (!last && !(at_once && unit.reduces)) return;
    if (!unit.reduces && !unit.reduces_replicas) return;
    const bool now = at_once || (job_.overlap.gradient_reduce && !waits_for_messages(s, unit, pass));
    if (now) return reduce_gradients(stage, unit, after, last);
    stage.unreduced.push_back(&unit);
  }

  // Where both take the circuits in turns, a reduction in the way of a message would hold up all stages before this
  // one.
  [[nodiscard]] bool waits_for_messages(int s, const PlacedUnit& unit, const Pass& pass) {
    const StagePlans& plans = setup_.stages[static_cast<std::size_t>(s)];
    const bool sent_all = state(s).next == state(s).passes.size() && slot_of(s, pass) == 0;
    const bool messages =
        tasks_.circuits().turns_for(plans.send_forward) || tasks_.circuits().turns_for(plans.send_backward);
    return messages && !sent_all && tasks_.circuits().turns_for(unit.reduce);
  }

  // Whole gradients are kept until the step's last micro-batch, or under ZeRO-2 until a chunk hands over to the next.
  [[nodiscard]] bool reduces_after(const Pass& pass) const {
    if (fsdp()) return true;
    return job_.plan.sharding == parallel::Sharding::gradients && (pass.micro_batch + 1) % job_.plan.pp == 0;
  }

  // FSDP: the unit's parameters arrive before its compute starts; at most `fsdp_prefetch` units are gathered ahead.
  void gather_unit(StageState& stage, const PlacedUnit& unit, Tasks& after) {
    if (!fsdp() || !unit.gathers) return;
    Tasks ready = stage.gather_stream;
    const auto ahead = static_cast<std::size_t>(job_.framework.fsdp_prefetch) + 1;
    if (stage.unit_done.size() >= ahead) append(ready, stage.unit_done[stage.unit_done.size() - ahead]);
    const Sender sender{.gpu = stage.gpu, .dimension = Dimension::shards, .steal = steal(true)};
    stage.gather_stream = tasks_.collective(unit.gather, 1, "param_gather", sender, ready);
    append(after, stage.gather_stream);
  }

  void reduce_gradients(StageState& stage, const PlacedUnit& unit, Tasks& after, bool last) {
    Tasks ready = stage.reduce_stream;
    append(ready, after);
    const bool hidden = job_.overlap.gradient_reduce;
    const Sender shards{.gpu = stage.gpu, .dimension = Dimension::shards, .steal = steal(hidden)};
    const Sender replicas{.gpu = stage.gpu, .dimension = Dimension::replicas, .steal = steal(hidden)};
    if (unit.reduces) ready = tasks_.collective(unit.reduce, 1, "dp_comm", shards, ready);
    if (unit.reduces_replicas && last) ready = tasks_.collective(unit.replica_reduce, 1, "dp_comm", replicas, ready);
    stage.reduce_stream = ready;
    if (!hidden) append(after, ready);
  }

  // Optimizer after the last backward pass and the last reduction, then the host's own time between steps.
  void finish() {
    Tasks all;
    for (int s = 0; s < job_.plan.pp; ++s) {
      StageState& stage = state(s);
      for (const PlacedUnit* unit : stage.unreduced) reduce_gradients(stage, *unit, stage.stream, true);
      Tasks ready = stage.stream;
      append(ready, stage.reduce_stream);
      all.push_back(step_.graph.compute(stage.gpu, setup_.optimizer, step_.graph.label("optimizer:adam"), ready));
    }
    Tasks last{step_.graph.join(step_.graph.label("end:step"), all)};
    if (job_.framework.step_overhead > Seconds{}) {
      const LabelId host = step_.graph.label("host:between steps");
      Tasks ends;
      for (const StageState& stage : stages_) {
        ends.push_back(step_.graph.delay(job_.framework.step_overhead, host, last, stage.gpu));
      }
      last = std::move(ends);
    }
    tasks_.circuits().close(last);
  }

  const TrainingSetup& setup_;
  const TrainingJob& job_;
  int micro_batches_;
  StepGraph step_;
  PassTasks tasks_;
  std::vector<StageState> stages_;
  std::vector<Tasks> forward_out_, backward_out_;  // [slot][micro-batch]: what the neighbour waits for
};

}  // namespace

StepGraph build_step(const TrainingSetup& setup, int micro_batches) {
  return StepBuilder(setup, micro_batches).build();
}

}  // namespace aifsim::training
