// The least capacity that separates one half of the cluster from the other (max-flow min-cut). Each half is one vertex,
// so that only the switches between them make the graph, however many GPUs there are.
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <map>

#include "topology/summary.hpp"

namespace aifsim::topology {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using Edge = Traits::edge_descriptor;
using Capacity = boost::property<
    boost::edge_capacity_t, double,
    boost::property<boost::edge_residual_capacity_t, double, boost::property<boost::edge_reverse_t, Edge>>>;
using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Capacity>;

constexpr std::uint32_t first_half = 0, second_half = 1, no_vertex = ~0u;

class HalvedGraph {
 public:
  explicit HalvedGraph(const Topology& topology)
      : fabric_(topology.fabric), vertex_(topology.fabric.devices().size(), no_vertex) {
    place_nodes(topology);
    std::uint32_t next = 2;
    for (std::uint32_t& vertex : vertex_) {
      if (vertex == no_vertex) vertex = next++;
    }
    vertices_ = next;
    sum_capacities(topology);
  }

  [[nodiscard]] std::size_t smaller_half() const { return std::min(gpus_[0], gpus_[1]); }

  [[nodiscard]] double max_flow() const {
    Graph graph(vertices_);
    auto capacity = boost::get(boost::edge_capacity, graph);
    auto reverse = boost::get(boost::edge_reverse, graph);
    for (const auto& [ends, sum] : capacities_) {
      const Edge there = boost::add_edge(ends.first, ends.second, graph).first;
      const Edge back = boost::add_edge(ends.second, ends.first, graph).first;
      capacity[there] = sum;
      capacity[back] = 0;
      reverse[there] = back;
      reverse[back] = there;
    }
    return boost::push_relabel_max_flow(graph, Traits::vertex_descriptor{first_half},
                                        Traits::vertex_descriptor{second_half});
  }

 private:
  // Devices of a node follow its GPUs; an NVLink switch of a rack follows the GPUs on it.
  void place_nodes(const Topology& topology) {
    std::map<std::uint32_t, std::uint32_t> half_of_node;
    for (std::size_t i = 0; i < fabric_.gpu_count(); ++i) {
      const DeviceId gpu = fabric_.gpu(i);
      const std::uint32_t half = topology.routing->in_first_half(gpu) ? first_half : second_half;
      vertex_[gpu.index()] = half;
      half_of_node.try_emplace(fabric_.device(gpu).node, half);
      ++gpus_[half];
    }
    // A single node or rack is cut across: its other parts stay between the halves.
    const bool one_domain = topology.routing->nvlink_domain(fabric_.gpu(0)) ==
                            topology.routing->nvlink_domain(fabric_.gpu(fabric_.gpu_count() - 1));
    for (std::size_t i = 0; i < vertex_.size(); ++i) {
      const Device& device = fabric_.devices()[i];
      if (device.node != ~0u && !one_domain && vertex_[i] == no_vertex) vertex_[i] = half_of_node.at(device.node);
    }
    for (const Channel& channel : fabric_.channels()) {
      const bool plane = fabric_.device(channel.to).kind == DeviceKind::nvswitch;
      if (plane && !one_domain) vertex_[channel.to.index()] = vertex_[channel.from.index()];
    }
  }

  // What a NIC sends is no more than its host link brings.
  void sum_capacities(const Topology& topology) {
    std::vector<double> brought(vertex_.size(), 0);
    for (const Channel& channel : fabric_.channels()) {
      if (fabric_.device(channel.to).kind == DeviceKind::nic && inside(channel.from) && inside(channel.to)) {
        brought[channel.to.index()] += channel.capacity.base();
      }
    }
    for (const Channel& channel : fabric_.channels()) {
      const std::uint32_t from = vertex_[channel.from.index()];
      const std::uint32_t to = vertex_[channel.to.index()];
      if (from == to || to == first_half || from == second_half) continue;
      const auto id = static_cast<std::size_t>(&channel - fabric_.channels().data());
      if (!topology.alive(ChannelId{id})) continue;
      double capacity = channel.capacity.base();
      if (fabric_.device(channel.from).kind == DeviceKind::nic) capacity = std::min(capacity, take(brought, channel));
      capacities_[{from, to}] += capacity;
    }
  }
  [[nodiscard]] static double take(std::vector<double>& brought, const Channel& channel) {
    double& left = brought[channel.from.index()];
    const double taken = std::min(left, channel.capacity.base());
    left -= taken;
    return taken;
  }
  [[nodiscard]] bool inside(DeviceId device) const { return fabric_.device(device).node != ~0u; }

  const Fabric& fabric_;
  std::vector<std::uint32_t> vertex_;
  std::uint32_t vertices_ = 2;
  std::size_t gpus_[2] = {0, 0};
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> capacities_;
};

}  // namespace

BytesPerSecond bisection_per_gpu(const Topology& topology) {
  if (topology.fabric.gpu_count() < 2) return {};
  const HalvedGraph graph(topology);
  if (graph.smaller_half() == 0) return {};
  if (const auto cut = topology.routing->circuit_cut()) return *cut * (1 / static_cast<double>(graph.smaller_half()));
  return graph.max_flow() / static_cast<double>(graph.smaller_half()) * units::B_per_s;
}

}  // namespace aifsim::topology
