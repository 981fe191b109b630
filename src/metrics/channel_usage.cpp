#include "metrics/channel_usage.hpp"

#include "topology/fabric.hpp"

namespace aifsim::metrics {

ChannelBytes channel_bytes(const task::TaskGraph& graph, const Timeline& timeline) {
  // Many flows share one path: add up per path first.
  std::vector<Bytes> by_path(graph.path_count());
  for (std::size_t index = 0; index < graph.size(); ++index) {
    const task::Task& task = graph.task(TaskId(index));
    if (task.kind != task::TaskKind::flow || !task.path.valid() || !timeline.has_finished(TaskId(index))) continue;
    by_path[task.path.index()] += task.bytes;
  }
  ChannelBytes bytes;
  for (std::size_t index = 0; index < by_path.size(); ++index) {
    if (by_path[index] <= Bytes{}) continue;
    for (const ChannelUse& use : graph.channels(PathId(index))) {
      bytes[use.channel] += by_path[index] * use.multiplicity;
    }
  }
  return bytes;
}

std::vector<ChannelUsage> channel_usage(const ChannelBytes& bytes, const topology::Fabric& fabric, Seconds elapsed) {
  std::vector<ChannelUsage> usage;
  usage.reserve(bytes.size());
  for (const auto& [id, carried] : bytes) {
    const topology::Channel& channel = fabric.channel(id);
    const Bytes possible = channel.capacity * elapsed;
    const bool known = channel.medium.valid() && channel.medium.index() < fabric.media().size();
    usage.push_back({fabric.name(id), known ? fabric.media()[channel.medium.index()].name : std::string("unknown"),
                     carried, possible > Bytes{} ? carried / possible : 0.0});
  }
  return usage;
}

}  // namespace aifsim::metrics
