#include "topology/graph_analysis.hpp"

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/strong_components.hpp>

namespace aifsim::topology {
namespace {

using Graph = boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, boost::no_property,
                                                 boost::no_property, std::uint32_t, std::uint32_t>;

Graph graph_of(const Fabric& fabric) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  edges.reserve(fabric.channels().size());
  for (const Channel& channel : fabric.channels()) {
    edges.emplace_back(static_cast<std::uint32_t>(channel.from.index()),
                       static_cast<std::uint32_t>(channel.to.index()));
  }
  return {boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(),
          static_cast<std::uint32_t>(fabric.devices().size())};
}

// A GPU is an end, never a stop on the way. When `ends` names GPUs and NICs, no other ones are used at all.
struct Passable {
  const Fabric* fabric = nullptr;
  const Graph* graph = nullptr;
  std::uint32_t source = 0;
  std::vector<DeviceId> ends;
  bool operator()(const Graph::edge_descriptor& edge) const {
    const std::uint32_t from = boost::source(edge, *graph);
    if (from != source && fabric->devices()[from].kind == DeviceKind::gpu) return false;
    return ends.empty() || (allowed(from) && allowed(boost::target(edge, *graph)));
  }
  [[nodiscard]] bool allowed(std::uint32_t device) const {
    const DeviceKind kind = fabric->devices()[device].kind;
    if (kind != DeviceKind::gpu && kind != DeviceKind::nic) return true;
    return std::find(ends.begin(), ends.end(), DeviceId{device}) != ends.end();
  }
};

std::vector<std::uint32_t> search(const Fabric& fabric, const Graph& graph, DeviceId gpu,
                                  std::vector<DeviceId> ends = {}) {
  const auto source = static_cast<std::uint32_t>(gpu.index());
  std::vector<std::uint32_t> hops(fabric.devices().size(), unreachable);
  hops[source] = 0;
  const boost::filtered_graph<Graph, Passable> passable(graph, {&fabric, &graph, source, std::move(ends)});
  boost::breadth_first_search(
      passable, source,
      boost::visitor(boost::make_bfs_visitor(boost::record_distances(hops.data(), boost::on_tree_edge()))));
  return hops;
}

}  // namespace

bool gpus_connected(const Fabric& fabric) {
  const Graph graph = graph_of(fabric);
  std::vector<std::uint32_t> component(fabric.devices().size());
  boost::strong_components(
      graph, boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph)));
  for (std::size_t i = 1; i < fabric.gpu_count(); ++i) {
    if (component[fabric.gpu(i).index()] != component[fabric.gpu(0).index()]) return false;
  }
  return true;
}

std::vector<std::uint32_t> hops_from(const Fabric& fabric, DeviceId gpu) {
  return search(fabric, graph_of(fabric), gpu);
}

std::uint32_t hops_between(const Fabric& fabric, const Routing& routing, DeviceId source, DeviceId destination) {
  const std::vector<DeviceId> ends{source, destination, routing.nic_of(source), routing.nic_of(destination)};
  return search(fabric, graph_of(fabric), source, ends)[destination.index()];
}

std::uint32_t diameter(const Fabric& fabric, std::span<const DeviceId> sources) {
  const Graph graph = graph_of(fabric);
  std::uint32_t most = 0;
  for (const DeviceId source : sources) {
    const std::vector<std::uint32_t> hops = search(fabric, graph, source);
    for (std::size_t i = 0; i < fabric.gpu_count(); ++i) most = std::max(most, hops[fabric.gpu(i).index()]);
  }
  return most;
}

bool is_walk(const Fabric& fabric, DeviceId source, DeviceId destination, std::span<const ChannelUse> path) {
  DeviceId at = source;
  for (const ChannelUse& use : path) {
    const Channel& channel = fabric.channel(use.channel);
    if (channel.from != at) return false;
    at = channel.to;
  }
  return at == destination;
}

}  // namespace aifsim::topology
