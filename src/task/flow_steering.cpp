#include "task/flow_steering.hpp"

#include "base/error.hpp"

namespace aifsim::task {

void FlowSteering::launch(RunningTask running, const TaskGraph& graph) {
  Flow& flow = flows_[key(running)];
  flow = {.running = running,
          .graph = &graph,
          .way = rerouter_->first_way(graph, running.task),
          .remaining = graph.task(running.task).bytes};
  set_out(flow);
}

void FlowSteering::set_out(Flow& flow) {
  flow.phase = flow.way.open ? Phase::waiting : Phase::held;
  if (flow.phase == Phase::held) return;
  if (lost(flow)) return carrier_.wait(flow.running, {});  // tasks end from the clock, not from within a launch
  if (flow.way.latency > Seconds{}) return carrier_.wait(flow.running, flow.way.latency);
  move(flow);
}

void FlowSteering::move(Flow& flow) {
  flow.phase = Phase::moving;
  flow.carried = carrier_.carry(flow.running, flow.way.path, flow.remaining);
}

// The network may have changed while the first byte was on its way.
void FlowSteering::after_latency(RunningTask running) {
  const auto found = flows_.find(key(running));
  ensure(found != flows_.end() && found->second.phase == Phase::waiting, "a flow waits for its latency once");
  Flow& flow = found->second;
  if (!lost(flow)) flow.way = rerouter_->next_way(*flow.graph, running.task, flow.way.version);
  if (lost(flow)) {
    flows_.erase(found);
    return carrier_.drop(running);
  }
  if (flow.way.open) return move(flow);
  flow.phase = Phase::held;
}

void FlowSteering::reroute() {
  for (auto& [id, flow] : flows_) ask_again(flow);
}

std::vector<RunningTask> FlowSteering::held() const {
  std::vector<RunningTask> all;
  for (const auto& [id, flow] : flows_) {
    if (flow.phase == Phase::held) all.push_back(flow.running);
  }
  return all;
}

void FlowSteering::ask_again(Flow& flow) {
  if (flow.phase == Phase::waiting) return;
  const std::uint32_t before = flow.way.version;
  const Rerouter::Way way = rerouter_->next_way(*flow.graph, flow.running.task, before);
  if (flow.phase == Phase::moving) {
    if (way.open && way.version == before) return;
    flow.remaining = carrier_.halt(flow.running, flow.carried);
  }
  flow.way = way;
  set_out(flow);
}

}  // namespace aifsim::task
