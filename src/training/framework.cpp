#include "training/framework.hpp"

#include "config/named_file.hpp"

namespace aifsim::training {
namespace {

constexpr std::string_view folder = "workloads/frameworks";

void read_elementwise(const config::Node& node, model::ElementwisePasses& passes) {
  if (!node) return;
  const config::Range range{.min = 0, .max = 100};
  passes.norm_forward = node.optional("norm_forward").number_or(passes.norm_forward, range);
  passes.norm_backward = node.optional("norm_backward").number_or(passes.norm_backward, range);
  passes.residual_forward = node.optional("residual_forward").number_or(passes.residual_forward, range);
  passes.residual_backward = node.optional("residual_backward").number_or(passes.residual_backward, range);
  passes.rotary_forward = node.optional("rotary_forward").number_or(passes.rotary_forward, range);
  passes.rotary_backward = node.optional("rotary_backward").number_or(passes.rotary_backward, range);
  passes.activation_forward = node.optional("activation_forward").number_or(passes.activation_forward, range);
  passes.activation_backward = node.optional("activation_backward").number_or(passes.activation_backward, range);
  passes.loss_bytes_per_logit = node.optional("loss_bytes_per_logit").number_or(passes.loss_bytes_per_logit, range);
  passes.quantise_transposed = node.optional("quantise_transposed").number_or(passes.quantise_transposed, range);
  node.finish();
}

Framework read_map(const config::Node& node, const std::string& name) {
  const config::Range fraction{.min = 0, .max = 1};
  Framework framework;
  framework.name = node.optional("name").text_or(name);
  framework.source = node.required("source").text();
  framework.kernel_library = node.optional("kernel_library").text_or("");
  read_elementwise(node.optional("elementwise"), framework.elementwise);
  framework.launch_gap = node.optional("launch_gap").seconds_or({});
  framework.step_overhead = node.optional("step_overhead").seconds_or({});
  framework.optimizer_bytes =
      node.optional("optimizer_bytes").number_or(framework.optimizer_bytes, {.min = 1, .max = 1000});
  framework.tp_overlap = node.optional("tp_overlap").number_or(0, fraction);
  framework.tp_backward_overlap = node.optional("tp_backward_overlap").boolean_or(true);
  framework.communication_steal = node.optional("communication_steal").number_or(0, {.min = 0, .max = 0.9});
  framework.selective_recompute_gemms = node.optional("selective_recompute_gemms").number_or(0, fraction);
  framework.recompute_stops_early = node.optional("recompute_stops_early").boolean_or(false);
  framework.fsdp_prefetch = static_cast<int>(node.optional("fsdp_prefetch").integer_or(1, {.min = 0, .max = 1000}));
  framework.caches_quantised_weights = node.optional("caches_quantised_weights").boolean_or(true);
  node.finish();
  return framework;
}

Framework load(const std::string& name) {
  const config::Document document = config::load_named(folder, name);
  Framework framework = read_map(document.root(), name);
  document.check();
  return framework;
}

}  // namespace

Framework read_framework(const config::Node& node) {
  if (node.is_map()) return read_map(node, "custom");
  if (!config::names_file(node, folder, "a framework")) return {};
  return load(node.text());
}

std::vector<FrameworkEntry> list_frameworks() {
  std::vector<FrameworkEntry> entries;
  for (const std::string& name : config::names_in(folder)) entries.push_back({name, load(name).source});
  return entries;
}

}  // namespace aifsim::training
