#include "serving/engine_software.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/named_file.hpp"
#include "serving/scheduler.hpp"

namespace aifsim::serving {
namespace {

constexpr std::string_view folder = "workloads/engines";
constexpr std::array<std::string_view, 2> preemptions{"recompute", "swap"};
constexpr std::array<std::string_view, 3> exchanges{"all-reduce", "all-to-all", "deepep"};
constexpr config::Range count{.min = 1, .max = 1e8};
constexpr config::Range fraction{.min = 0.01, .max = 1};

template <typename Policies>
std::vector<std::string_view> names_of(const Policies& policies) {
  std::vector<std::string_view> names;
  for (const auto& policy : policies) names.push_back(policy.name);
  return names;
}

template <typename Kind>
void read_choice(const config::Node& node, Kind& kind, std::span<const std::string_view> names) {
  kind = static_cast<Kind>(node.choice_or(static_cast<std::size_t>(kind), names));
}

void read_count(const config::Node& node, int& value, config::Range range = count) {
  value = static_cast<int>(node.integer_or(value, range));
}

void read_graphs(const config::Node& node, EngineSoftware& software) {
  if (!node) return;
  read_count(node.optional("largest_batch"), software.graph_batch, {.min = 0, .max = 1e6});
  if (const config::Node sizes = node.optional("batches")) {
    software.graph_sizes.clear();
    for (const config::Node& size : sizes.items())
      software.graph_sizes.push_back(static_cast<int>(size.integer(count)));
    for (std::size_t i = 1; i < software.graph_sizes.size(); ++i) {
      if (software.graph_sizes[i] <= software.graph_sizes[i - 1]) sizes.problem("batch sizes that grow", "others");
    }
  }
  software.graph_memory = node.optional("memory").bytes_or(software.graph_memory);
  node.finish();
}

void read_costs(const config::Node& node, EngineSoftware& software) {
  software.kernel_library = node.optional("kernel_library").text_or(software.kernel_library);
  software.step = node.optional("step").seconds_or(software.step);
  software.per_sequence = node.optional("per_sequence").seconds_or(software.per_sequence);
  software.per_prefill = node.optional("per_prefill").seconds_or(software.per_prefill);
  software.per_request = node.optional("per_request").seconds_or(software.per_request);
  software.per_image = node.optional("per_image").seconds_or(software.per_image);
  software.request_gap = node.optional("request_gap").seconds_or(software.request_gap);
  software.kernel_factor = node.optional("kernel_factor").number_or(software.kernel_factor, {.min = 0.1, .max = 100});
  software.launch_share = node.optional("launch_share").number_or(software.launch_share, {.min = 0, .max = 1});
  software.expert_launch = node.optional("expert_launch").seconds_or(software.expert_launch);
  software.launch_gap = node.optional("launch_gap").seconds_or(software.launch_gap);
  read_graphs(node.optional("cuda_graphs"), software);
  software.overlaps_scheduling = node.optional("overlaps_scheduling").boolean_or(software.overlaps_scheduling);
  software.custom_all_reduce = node.optional("custom_all_reduce").boolean_or(software.custom_all_reduce);
  software.context_memory = node.optional("context_memory").bytes_or(software.context_memory);
}

void read_software_map(const config::Node& node, const std::string& name, EngineOptions& options) {
  EngineSoftware& software = options.software;
  software.name = node.optional("name").text_or(name);
  software.source = node.required("source").text();
  software.expert_exchange = exchanges.front();
  read_costs(node, software);
  if (const config::Node defaults = node.optional("defaults")) {
    read_settings(defaults, options);
    defaults.finish();
  }
  node.finish();
}

}  // namespace

void read_settings(const config::Node& node, EngineOptions& options) {
  read_choice(node.optional("batching"), options.batching, names_of(batching_policies()));
  read_choice(node.optional("admission"), options.admission, names_of(admission_policies()));
  read_choice(node.optional("preemption"), options.preemption, preemptions);
  read_count(node.optional("max_sequences"), options.max_sequences);
  read_count(node.optional("max_batched_tokens"), options.max_batched_tokens);
  read_count(node.optional("block_tokens"), options.block_tokens, {.min = 1, .max = 4096});
  read_count(node.optional("queue_limit"), options.queue_limit, {.min = 0, .max = 1e9});
  options.chunked_prefill = node.optional("chunked_prefill").boolean_or(options.chunked_prefill);
  options.prefix_caching = node.optional("prefix_caching").boolean_or(options.prefix_caching);
  options.memory_fraction = node.optional("memory_fraction").number_or(options.memory_fraction, fraction);
  options.memory_of_free = node.optional("memory_of_free").boolean_or(options.memory_of_free);
  options.activations_in_fraction =
      node.optional("activations_in_fraction").boolean_or(options.activations_in_fraction);
  options.swap_bandwidth = node.optional("swap_bandwidth").bandwidth_or(options.swap_bandwidth);
  if (const config::Node exchange = node.optional("expert_exchange")) {
    options.software.expert_exchange = exchanges[exchange.choice(exchanges)];
  }
  if (const config::Node wait = node.optional("prompt_wait")) {
    read_count(wait.required("iterations"), options.prompt_wait.iterations, {.min = 0, .max = 1e6});
    options.prompt_wait.token_share = wait.optional("token_share").number_or(0, {.min = 0, .max = 1});
    options.prompt_wait.every_group = wait.optional("every_group").boolean_or(false);
    options.prompt_wait.polled = wait.optional("polled").boolean_or(false);
    wait.finish();
  }
  options.plan.fused_quantise = node.optional("fused_quantise").boolean_or(options.plan.fused_quantise);
}

void read_software(const config::Node& node, EngineOptions& options) {
  if (node.is_map()) return read_software_map(node, "custom", options);
  if (!config::names_file(node, folder, "an inference engine")) return;
  const config::Document document = config::load_named(folder, node.text());
  read_software_map(document.root(), node.text(), options);
  document.check();
}

std::vector<EngineEntry> list_engines() {
  std::vector<EngineEntry> entries;
  for (const std::string& name : config::names_in(folder)) {
    const config::Document document = config::load_named(folder, name);
    EngineOptions options;
    read_software_map(document.root(), name, options);
    document.check();
    entries.push_back({name, options.software.source});
  }
  return entries;
}

}  // namespace aifsim::serving
