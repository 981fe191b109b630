#include "serving/kv_transfer.hpp"

#include <algorithm>
#include <utility>

#include "task/task_graph.hpp"

namespace aifsim::serving {

// One transfer: its graph must live until it is over.
struct KvTransfers::Flight final : task::Recorder {
  Flight(KvTransfers& transfers, std::function<void()> callback) : owner(transfers), done(std::move(callback)) {}
  void started(TaskId /*task*/, Seconds when) override { begin = when; }
  void finished(TaskId /*task*/, Seconds when, ChannelId bound) override {
    if (bound.valid()) owner.bound_[bound] += when - begin;
  }
  KvTransfers& owner;
  task::TaskGraph graph;
  std::function<void()> done;
  Seconds begin;
};

KvTransfers::KvTransfers(const topology::Topology& topology, task::Executor& clock, double efficiency, Seconds setup)
    : topology_(topology), clock_(clock), efficiency_(efficiency), setup_(setup) {}
KvTransfers::~KvTransfers() = default;

namespace {

// The GPUs at both ends send and receive at the same time over ports of their own, so one pair stands for all: where
// several receivers share a sender, or several senders a receiver, the flow counts that often on that end's channels.
std::vector<ChannelUse> representative_path(const KvTransfers::Route& route, const topology::Topology& topology,
                                            double efficiency) {
  const std::size_t pairs = std::max(route.from.size(), route.to.size());
  std::vector<ChannelUse> path;
  topology.routing->append_path(route.from.front(), route.to.front(), 0, path);
  const topology::Fabric& fabric = topology.fabric;
  const std::uint32_t source = fabric.device(route.from.front()).node, target = fabric.device(route.to.front()).node;
  for (ChannelUse& use : path) {
    const topology::Channel& channel = fabric.channel(use.channel);
    if (fabric.device(channel.from).node == source) {
      use.multiplicity *= static_cast<double>(pairs) / static_cast<double>(route.from.size());
    } else if (fabric.device(channel.to).node == target) {
      use.multiplicity *= static_cast<double>(pairs) / static_cast<double>(route.to.size());
    }
    use.multiplicity /= efficiency;
  }
  return path;
}

}  // namespace

void KvTransfers::send(const Route& route, std::function<void()> done) {
  const std::uint64_t number = count_++;
  auto flight = std::make_unique<Flight>(*this, std::move(done));
  const std::vector<ChannelUse> path = representative_path(route, topology_, efficiency_);
  const Bytes all = std::max(route.per_sender * static_cast<double>(route.from.size()),
                             route.per_receiver * static_cast<double>(route.to.size()));
  bytes_ += all;
  Seconds latency = setup_;
  for (const ChannelUse& use : path) latency += topology_.fabric.channel(use.channel).latency;
  const double pairs = static_cast<double>(std::max(route.from.size(), route.to.size()));
  flight->graph.flow({.path = flight->graph.path(path),
                      .bytes = all / pairs,
                      .latency = latency,
                      .rate_limit = {},
                      .device = {}},
                     flight->graph.label("kv transfer"));
  Flight& started = *flight;
  flights_.emplace(number, std::move(flight));
  clock_.submit(started.graph, started, [this, number] {
    const std::unique_ptr<Flight> over = std::move(flights_.at(number));
    flights_.erase(number);
    over->done();
  });
}

}  // namespace aifsim::serving
