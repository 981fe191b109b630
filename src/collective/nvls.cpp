// NVLS: the NVSwitch reduces and multicasts, so a buffer crosses each port about once.
#include "collective/nvls_port.hpp"

namespace aifsim::collective {
namespace {

bool serves(const Situation& situation) {
  const Operation operation = situation.operation();
  return (operation == Operation::all_reduce || operation == Operation::all_gather ||
          operation == Operation::reduce_scatter) &&
         situation.domains == 1 && nvls_possible(situation);
}

// Measured all_gather and reduce_scatter of up to 8 ranks follow the ring's law exactly: NCCL does not take NVLS there.
bool considered(const Situation& situation) {
  return situation.operation() == Operation::all_reduce || situation.ranks > 8;
}

CollectivePlan plan_nvls(const Situation& situation) {
  const double shard = 1 / static_cast<double>(situation.ranks);
  PortLoad load = nvls_all_reduce_load(situation);
  if (situation.operation() == Operation::all_gather) load = {shard, 1};
  if (situation.operation() == Operation::reduce_scatter) load = {1, shard};
  const Work work{.method = &*situation.architecture->nvls, .movements = {nvls_movement(situation, load)}};
  return choose_protocol(nvls.name, work, situation);
}

}  // namespace

const Algorithm nvls{"nvls", "all_reduce, all_gather, reduce_scatter in the NVSwitches of one NVLink domain", serves,
                     considered, plan_nvls};

}  // namespace aifsim::collective
