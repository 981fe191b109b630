#include "serving/flights.hpp"

#include <utility>

#include "task/task_graph.hpp"

namespace aifsim::serving {

// Its graph must live until it is over.
struct Flights::Flight final : task::Recorder {
  Flight(Flights& flights, std::function<void()> callback) : owner(flights), done(std::move(callback)) {}

  // Of a flow that is watched, latency is a task of its own: the flow's start is its first byte's.
  void add(const Flow& flow, LabelId label) {
    const bool watches = owner.watcher_ != nullptr && owner.watcher_->concerns(flow.path);
    const task::TaskGraph::Flow moved{.path = graph.path(flow.path),
                                      .bytes = flow.bytes,
                                      .latency = watches ? Seconds{} : flow.latency,
                                      .rate_limit = flow.rate_limit,
                                      .device = {}};
    if (!watches) {
      graph.flow(moved, label);
      return;
    }
    const TaskId before = graph.delay(flow.latency, label);
    watched.emplace_back(graph.flow(moved, label, {&before, 1}), 0);
  }

  void started(TaskId task, Seconds when) override {
    begin = when;
    for (auto& [flow, number] : watched) {
      if (flow != task) continue;
      const task::Task& what = graph.task(task);
      number = owner.watcher_->began(graph.channels(what.path), what.rate_limit, owner.label_);
    }
  }
  void finished(TaskId task, Seconds when, ChannelId bound) override {
    if (bound.valid()) owner.bound_[bound] += when - begin;
    for (const auto& [flow, number] : watched) {
      if (flow == task) owner.watcher_->ended(number);
    }
  }

  Flights& owner;
  task::TaskGraph graph;
  std::function<void()> done;
  Seconds begin;
  std::vector<std::pair<TaskId, std::uint32_t>> watched;  // flows, with the watcher's numbers
};

Flights::Flights(task::Executor& clock, std::string label) : clock_(clock), label_(std::move(label)) {}
Flights::~Flights() = default;

void Flights::send(std::span<const Flow> flows, std::function<void()> done) {
  const std::uint64_t number = count_++;
  auto flight = std::make_unique<Flight>(*this, std::move(done));
  const LabelId label = flight->graph.label(label_);
  for (const Flow& flow : flows) flight->add(flow, label);
  Flight& started = *flight;
  flights_.emplace(number, std::move(flight));
  clock_.submit(started.graph, started, [this, number] {
    const std::unique_ptr<Flight> over = std::move(flights_.at(number));
    flights_.erase(number);
    over->done();
  });
}

}  // namespace aifsim::serving
