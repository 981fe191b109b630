#include "serving/flights.hpp"

#include <utility>

#include "task/task_graph.hpp"

namespace aifsim::serving {

// Its graph must live until it is over.
struct Flights::Flight final : task::Recorder {
  Flight(Flights& flights, std::function<void()> callback) : owner(flights), done(std::move(callback)) {}
  void started(TaskId /*task*/, Seconds when) override { begin = when; }
  void finished(TaskId /*task*/, Seconds when, ChannelId bound) override {
    if (bound.valid()) owner.bound_[bound] += when - begin;
  }
  Flights& owner;
  task::TaskGraph graph;
  std::function<void()> done;
  Seconds begin;
};

Flights::Flights(task::Executor& clock, std::string label) : clock_(clock), label_(std::move(label)) {}
Flights::~Flights() = default;

void Flights::send(std::span<const Flow> flows, std::function<void()> done) {
  const std::uint64_t number = count_++;
  auto flight = std::make_unique<Flight>(*this, std::move(done));
  task::TaskGraph& graph = flight->graph;
  const LabelId label = graph.label(label_);
  for (const Flow& flow : flows) {
    graph.flow({.path = graph.path(flow.path),
                .bytes = flow.bytes,
                .latency = flow.latency,
                .rate_limit = flow.rate_limit,
                .device = {}},
               label);
  }
  Flight& started = *flight;
  flights_.emplace(number, std::move(flight));
  clock_.submit(started.graph, started, [this, number] {
    const std::unique_ptr<Flight> over = std::move(flights_.at(number));
    flights_.erase(number);
    over->done();
  });
}

}  // namespace aifsim::serving
