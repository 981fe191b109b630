// Expert dispatch and combine as DeepEP's low-latency kernels do it: every rank writes to every other at once, straight
// over NVLink or RDMA, without NCCL's proxies and staging.
#include "collective/direct.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) { return situation.all_to_all(); }
bool never(const Situation&) { return false; }

CollectivePlan plan_expert(const Situation& situation) {
  Situation with_library = situation;
  with_library.library = &deepep();
  with_library.transport = &with_library.library->transports.front();
  with_library.architecture = &with_library.library->architectures.back();
  return plan_all_at_once(expert.name, with_library);
}

}  // namespace

const Algorithm expert{"expert", "all_to_all(_v): MoE dispatch and combine with DeepEP's low-latency kernels", serves,
                       never, plan_expert};

}  // namespace aifsim::collective
