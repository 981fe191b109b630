#include "study/traffic_faults.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "study/fault_text.hpp"

namespace aifsim::study {

TrafficWays::TrafficWays(const std::vector<Transfer>& transfers, const TrafficGraph& graph,
                         const hardware::Platform& platform, const topology::Topology& start,
                         const std::vector<topology::NetworkChange>& changes)
    : transfers_(transfers), graph_(graph), platform_(platform), start_(start), changes_(changes) {}

const std::vector<ChannelUse>& TrafficWays::message_in(std::size_t state, const TrafficGraph::Origin& origin) {
  const Key key{state, origin.message};
  const auto known = messages_.find(key);
  if (known != messages_.end()) return known->second;
  const topology::Topology& now = network(state);
  const Transfer& transfer = transfers_[origin.transfer];
  std::vector<ChannelUse> path;
  now.routing->append_path(now.fabric.gpu(transfer.group[0]), now.fabric.gpu(transfer.group[1]), origin.message, path);
  return messages_.emplace(key, std::move(path)).first->second;
}

const collective::PhaseFlow& TrafficWays::flow_in(std::size_t state, const TrafficGraph::Origin& origin) {
  const Key key{state, origin.transfer};
  auto known = plans_.find(key);
  if (known == plans_.end()) {
    known = plans_.emplace(key, plan_of(transfers_[origin.transfer], platform_, network(state))).first;
  }
  const std::vector<collective::Phase>& phases = known->second.phases;
  if (origin.phase < phases.size() && origin.flow < phases[origin.phase].size()) {
    return phases[origin.phase][origin.flow];
  }
  throw ConfigError(Problem{.file = platform_.file,
                            .key = "faults",
                            .expected = "the flows that the collective began with",
                            .got = "another algorithm (" + known->second.algorithm + ")",
                            .hint = {}});
}

bool TrafficWays::crosses(std::size_t state, PathId path, const std::vector<bool>& channels) {
  const TrafficGraph::Origin& origin = graph_.origin(path);
  if (lost_.contains(origin.transfer)) return true;  // whatever it crosses, it does not go on
  const auto hit = [&](const auto& use) { return bool{channels[use.channel.index()]}; };
  try {
    if (is_message(transfers_[origin.transfer])) return std::ranges::any_of(message_in(state, origin), hit);
    const collective::PhaseFlow& flow = flow_in(state, origin);
    return flow.everyone ? std::ranges::any_of(*flow.everyone, hit) : std::ranges::any_of(flow.path, hit);
  } catch (const ConfigError&) {
    return true;  // no way at all: way() will say so
  }
}

Ways::Way TrafficWays::way(std::size_t state, PathId path) {
  const TrafficGraph::Origin& origin = graph_.origin(path);
  if (lost_.contains(origin.transfer)) {
    throw ConfigError(Problem{.file = platform_.file,
                              .key = "faults",
                              .expected = "all flows of the collective",
                              .got = "one that is lost",
                              .hint = {}});
  }
  if (!is_message(transfers_[origin.transfer])) return {.path = flow_in(state, origin).path, .latency = {}};
  const std::vector<ChannelUse>& now = message_in(state, origin);
  return {.path = now, .latency = latency_of(now, network(state).fabric)};
}

TrafficFaults::TrafficFaults(const std::vector<Transfer>& transfers, const TrafficGraph& graph,
                             const hardware::Platform& platform, const topology::Topology& topology,
                             const std::vector<topology::NetworkChange>& changes, task::Executor& executor)
    : transfers_(transfers),
      graph_(graph),
      platform_(platform),
      topology_(topology),
      changes_(changes),
      ways_(transfers, graph, platform, topology, changes),
      watch_(
          platform, topology, changes, ways_, executor, [](DeviceId /*gpu*/) { return false; },
          [this](const task::TaskGraph& tasks, TaskId flow, const std::string& why) { lose(tasks, flow, why); }),
      losses_(changes.size()) {}

void TrafficFaults::lose(const task::TaskGraph& graph, TaskId flow, const std::string& why) {
  const std::size_t transfer = graph_.origin(graph.task(flow).path).transfer;
  Losses& losses = losses_[watch_.state() - 1];
  if (losses.flows++ == 0) losses.first = name_of(transfers_[transfer]) + ": " + why;
  lost_flows_.insert(flow);
  lost_transfers_.insert(transfer);
  if (!is_message(transfers_[transfer])) ways_.lose(transfer);
}

std::string TrafficFaults::name_of(const Transfer& transfer) const {
  const auto gpu = [&](std::size_t index) { return topology_.fabric.name(topology_.fabric.gpu(index)); };
  if (is_message(transfer)) return transfer.name + " " + gpu(transfer.group[0]) + "→" + gpu(transfer.group[1]);
  return fmt::format("{} of {} GPUs from {}", transfer.name, transfer.group.size(), gpu(transfer.group.front()));
}

std::string TrafficFaults::detail(std::size_t change) const {
  if (change >= watch_.state()) return "after the last flow";
  const FaultEffect& effect = watch_.effects()[change];
  std::string text;
  if (losses_[change].flows > 0) text = "first lost: " + losses_[change].first;
  if (effect.rerouted > 0) {
    text += (text.empty() ? "" : "; ") + rerouted_text(effect, topology_.fabric, platform_, changes_[change]);
  }
  if (!text.empty()) return text;
  return effect.waited > 0 ? "its flows waited for the next change" : "no flow crosses it";
}

std::vector<TrafficFault> TrafficFaults::tell() const {
  std::vector<TrafficFault> told;
  for (std::size_t change = 0; change < changes_.size(); ++change) {
    const FaultEffect& effect = watch_.effects()[change];
    const auto add = [&](std::size_t fault, const char* what) {
      told.push_back({.at = changes_[change].at,
                      .part = platform_.faults[fault].part,
                      .what = what,
                      .waited = effect.waited,
                      .rerouted = effect.rerouted,
                      .lost = losses_[change].flows,
                      .detail = detail(change)});
    };
    for (const std::size_t fault : changes_[change].struck) add(fault, "struck");
    for (const std::size_t fault : changes_[change].repaired) add(fault, "repaired");
  }
  return told;
}

}  // namespace aifsim::study
