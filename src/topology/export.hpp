// The fabric for other tools: Graphviz and whatever reads GraphML (yEd, Gephi, NetworkX).
#pragma once

#include <iosfwd>

#include "topology/fabric.hpp"

namespace aifsim::topology {

void write_dot(const Fabric& fabric, std::ostream& out);
void write_graphml(const Fabric& fabric, std::ostream& out);

}  // namespace aifsim::topology
