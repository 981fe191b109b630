// Adds the devices and channels of one node group to the fabric, in the order that GroupLayout counts on.
#pragma once

#include "topology/fabric.hpp"

namespace aifsim::topology {

struct GroupLayout;
[[nodiscard]] MediumId medium_id(const hardware::Platform& platform, const std::string& name);
void add_nodes(const hardware::Platform& platform, const hardware::NodeGroup& group, const GroupLayout& layout,
               Fabric& fabric);

}  // namespace aifsim::topology
