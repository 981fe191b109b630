// Written as a stream: Boost's writers keep a second copy of the graph, and a million GPUs are 6 million channels.
// Device, kind and medium names hold no character that DOT or XML would need escaped.
#include "topology/export.hpp"

#include <ostream>

namespace aifsim::topology {
namespace {

constexpr const char* graphml_head = R"(<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="name" for="node" attr.name="name" attr.type="string"/>
  <key id="kind" for="node" attr.name="kind" attr.type="string"/>
  <key id="count" for="node" attr.name="count" attr.type="long"/>
  <key id="medium" for="edge" attr.name="medium" attr.type="string"/>
  <key id="bytes_per_s" for="edge" attr.name="bytes_per_s" attr.type="double"/>
  <key id="latency_s" for="edge" attr.name="latency_s" attr.type="double"/>
  <key id="lanes" for="edge" attr.name="lanes" attr.type="long"/>
  <graph edgedefault="directed">
)";

}  // namespace

void write_dot(const Fabric& fabric, std::ostream& out) {
  out << "digraph fabric {\n";
  for (std::size_t i = 0; i < fabric.devices().size(); ++i) {
    const Device& device = fabric.devices()[i];
    out << "  \"" << fabric.name(DeviceId{i}) << "\" [kind=\"" << name_of(device.kind) << "\", count=" << device.count
        << "];\n";
  }
  for (const Channel& channel : fabric.channels()) {
    out << "  \"" << fabric.name(channel.from) << "\" -> \"" << fabric.name(channel.to) << "\" [medium=\""
        << fabric.media()[channel.medium.index()].name << "\", bytes_per_s=" << channel.capacity.in(units::B_per_s)
        << ", latency_s=" << channel.latency.in(units::s) << ", lanes=" << channel.lanes << "];\n";
  }
  out << "}\n";
}

void write_graphml(const Fabric& fabric, std::ostream& out) {
  out << graphml_head;
  for (std::size_t i = 0; i < fabric.devices().size(); ++i) {
    const Device& device = fabric.devices()[i];
    out << "    <node id=\"n" << i << "\"><data key=\"name\">" << fabric.name(DeviceId{i})
        << "</data><data key=\"kind\">" << name_of(device.kind) << "</data><data key=\"count\">" << device.count
        << "</data></node>\n";
  }
  for (const Channel& channel : fabric.channels()) {
    out << "    <edge source=\"n" << channel.from.index() << "\" target=\"n" << channel.to.index()
        << "\"><data key=\"medium\">" << fabric.media()[channel.medium.index()].name
        << "</data><data key=\"bytes_per_s\">" << channel.capacity.in(units::B_per_s)
        << "</data><data key=\"latency_s\">" << channel.latency.in(units::s) << "</data><data key=\"lanes\">"
        << channel.lanes << "</data></edge>\n";
  }
  out << "  </graph>\n</graphml>\n";
}

}  // namespace aifsim::topology
