#include "serving/engine_adapters.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace aifsim::serving {
namespace {

constexpr std::array<std::string_view, 2> targets{"all-linear", "attention"};
constexpr config::Range count{.min = 1, .max = 1e6};

std::string gigabytes(Bytes bytes) { return std::to_string(static_cast<long long>(bytes.in(units::GB))) + " GB"; }

void read_host(const config::Node& node, AdapterOptions& adapters) {
  adapters.host = adapters.slots;  // vLLM's default
  if (!node) return;
  adapters.all_in_host = node.is_scalar() && node.text() == "all";
  if (adapters.all_in_host) return;
  adapters.host = static_cast<int>(node.integer(count));
  if (adapters.host < adapters.slots) {
    node.problem("at least max_loras (" + std::to_string(adapters.slots) +
                     "), for what is in HBM has a copy in host memory; or `all`",
                 std::to_string(adapters.host));
  }
}

void check_host(const config::Node& node, const model::ModelSpec& model, const hardware::Platform& platform,
                const EngineOptions& options) {
  const Bytes each = model::adapter_bytes(model, {.adapter = options.plan.adapter});
  for (const hardware::NodeGroup& group : platform.groups) {
    const Bytes memory = group.type->host_memory;
    if (memory <= Bytes{} || each * static_cast<double>(options.adapters.host) <= memory) continue;
    return node.problem("as many adapters of " + std::to_string(static_cast<long long>(each.in(units::MB))) +
                            " MB as a node's " + gigabytes(memory) + " of memory hold (" +
                            std::to_string(static_cast<long long>(memory / each)) + ")",
                        std::to_string(options.adapters.host));
  }
}

}  // namespace

void read_adapters(const config::Node& node, const model::ModelSpec& model, const hardware::Platform* platform,
                   EngineOptions& options) {
  if (!node) return;
  if (!node.is_map()) {
    return node.problem("a map, such as `lora: {max_loras: 8, max_lora_rank: 16, targets: all-linear}`",
                        "something else");
  }
  model::AdapterPlan& plan = options.plan.adapter;
  constexpr int usual_rank = 16;  // vLLM's default of max_lora_rank
  const double widest = std::max(1, model.hidden);
  plan.rank = static_cast<int>(node.optional("max_lora_rank").integer_or(usual_rank, {.min = 1, .max = widest}));
  plan.ffn = node.optional("targets").choice_or(0, targets) == 0;
  options.adapters.slots = static_cast<int>(node.required("max_loras").integer(count));
  const config::Node host = node.optional("max_cpu_loras");
  read_host(host, options.adapters);
  if (platform != nullptr) check_host(host ? host : node, model, *platform, options);
  node.finish();
}

}  // namespace aifsim::serving
