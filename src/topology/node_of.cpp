#include "topology/node_of.hpp"

#include "base/error.hpp"

namespace aifsim::topology {

const hardware::NodeSpec& node_of(DeviceId gpu, const hardware::Platform& platform, const Fabric& fabric) {
  std::size_t ordinal = fabric.device(gpu).ordinal;
  for (const hardware::NodeGroup& group : platform.groups) {
    const auto gpus = static_cast<std::size_t>(group.count) * static_cast<std::size_t>(group.type->domain_gpus());
    if (ordinal < gpus) return *group.type;
    ordinal -= gpus;
  }
  throw InternalError("node_of: not a GPU of the platform");
}

}  // namespace aifsim::topology
