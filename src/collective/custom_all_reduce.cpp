// All-reduce of small tensors as inference engines' own kernels do it over NVLink: one shot, every rank reads every
// other's tensor; or two, each rank sums its part of all tensors and then gathers the other parts. And their all-to-all
// of tokens, which is one shot by nature.
#include <algorithm>
#include <string_view>

#include "collective/direct.hpp"
#include "collective/protocol_choice.hpp"
#include "config/data_directory.hpp"

namespace aifsim::collective {
namespace {

const Library& tensorrt_llm() {
  static const Library library =
      read_library(config::data_directory("platforms/catalog/libraries") + "/tensorrt-llm.yaml");
  return library;
}

// The row for the same GPUs as NCCL's.
const Architecture& row_of(const Architecture& of_nccl) {
  const std::vector<Architecture>& rows = tensorrt_llm().architectures;
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& each) { return each.name == of_nccl.name; });
  return row == rows.end() ? rows.back() : *row;
}

bool within_domain(const Situation& situation) { return situation.domains == 1 && situation.nvlink > BytesPerSecond{}; }

bool serves(const Situation& situation) {
  constexpr std::size_t max_ranks = 8;  // as many as the kernels were measured with
  return situation.operation() == Operation::all_reduce && situation.ranks <= max_ranks && within_domain(situation);
}

// NCCL does not know it: an engine asks for it.
bool never(const Situation&) { return false; }

Method only(const Method& method, std::string_view protocol_name) {
  Method result = method;
  std::erase_if(result.protocols, [&](const Protocol& protocol) { return protocol.name != protocol_name; });
  return result;
}

// Every rank receives from each of the others alike: to the switch it is all the same whom from.
CollectivePlan plan_shots(const Situation& situation, std::string_view protocol_name, double bytes_from_each) {
  const Method method = only(situation.architecture->ring, protocol_name);
  Traffic traffic(*situation.topology);
  for (const Layout& layout : situation.layouts) {
    const Members& members = layout.domains.front();
    const double bytes = bytes_from_each * static_cast<double>(members.size() - 1);
    for (std::size_t i = 0; i < members.size(); ++i) traffic.send(members[i], members[(i + 1) % members.size()], bytes);
  }
  Work work{.method = &method};
  work.movements.push_back({traffic.slowest(), Medium::nvlink});
  return choose_protocol(custom.name, work, situation);
}

Situation with_engine_kernels(const Situation& situation) {
  Situation engine = situation;
  engine.library = &tensorrt_llm();
  engine.transport = &engine.library->transports.front();
  engine.architecture = &row_of(*situation.architecture);
  return engine;
}

CollectivePlan plan_custom(const Situation& situation) {
  const Situation engine = with_engine_kernels(situation);
  CollectivePlan one = plan_shots(engine, "one-shot", situation.bytes());
  CollectivePlan two = plan_shots(engine, "two-shot", 2 * situation.bytes() / static_cast<double>(situation.ranks));
  const topology::Fabric& fabric = situation.topology->fabric;
  return lone_time(one, fabric) <= lone_time(two, fabric) ? one : two;
}

// Expert dispatch and combine written straight into the other ranks' memory.
bool serves_experts(const Situation& situation) { return situation.all_to_all() && within_domain(situation); }
CollectivePlan plan_experts(const Situation& situation) {
  return plan_all_at_once(expert_nvlink.name, with_engine_kernels(situation));
}

}  // namespace

const Algorithm expert_nvlink{"expert_nvlink",
                              "all_to_all(_v): MoE dispatch and combine of one NVLink domain, one-sided",
                              serves_experts, never, plan_experts};
const Algorithm custom{"custom",
                       "all_reduce of up to 8 GPUs on NVLink: an inference engine's one- and two-shot kernels", serves,
                       never, plan_custom};

}  // namespace aifsim::collective
