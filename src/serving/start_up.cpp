#include "serving/start_up.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace aifsim::serving {
namespace {

// Every GPU's part is read once; those of one node share what reads it, and each has its own way from host memory.
Seconds weights_time(const StartUpPlan& plan, const model::ModelSpec& model, const EngineOptions& options,
                     const hardware::NodeSpec& node) {
  const Bytes each = model::weight_bytes(model, options.plan);
  const BytesPerSecond drives = node.drives.read * static_cast<double>(node.drives.count);
  const BytesPerSecond source = plan.storage > BytesPerSecond{} ? plan.storage
                                : drives > BytesPerSecond{}     ? drives
                                                                : plan.usual_storage;
  const double sharers = std::min(options.plan.gpus(), std::max(1, node.gpus));
  const BytesPerSecond link = node.cpu_link > BytesPerSecond{} ? node.cpu_link : node.host_link;
  const Seconds read = each * sharers / source;
  return link > BytesPerSecond{} ? std::max(read, each / link) : read;
}

int captured_graphs(const EngineOptions& options) {
  const std::vector<int>& sizes = options.software.graph_sizes;
  const int largest = std::min(options.software.graph_batch, options.max_sequences);
  return static_cast<int>(std::count_if(sizes.begin(), sizes.end(), [&](int size) { return size <= largest; }));
}

}  // namespace

Seconds StartUp::total() const {
  Seconds sum;
  for (const StartPhase& phase : phases) sum += phase.time;
  return sum;
}

namespace {

// Some nodes may lack drives: those read from where there is something.
bool there_is(WeightSource source, const hardware::Platform& platform) {
  if (source == WeightSource::network) return platform.storage.present();
  return std::ranges::any_of(platform.groups,
                             [](const hardware::NodeGroup& group) { return group.type->drives.count > 0; });
}

void read_weight_source(const config::Node& node, StartUpPlan& plan, const hardware::Platform* platform) {
  const config::Node weights = node.optional("weights");
  if (!weights) return;
  static constexpr std::array<std::string_view, 2> sources{"nvme", "network"};
  const std::size_t choice = weights.choice(sources);
  plan.weights = choice == 0 ? WeightSource::nvme : WeightSource::network;
  if (platform != nullptr && !there_is(plan.weights, *platform)) {
    weights.problem(choice == 0 ? "nodes with `nvme`" : "a platform with `storage`", "none");
  }
  if (node.has("storage"))
    node.optional("storage").problem("no `storage` beside `weights`, which names the place", "both");
}

}  // namespace

void read_start_up(const config::Node& node, StartUpPlan& plan, const hardware::Platform* platform) {
  if (!node) return;
  read_weight_source(node, plan, platform);
  plan.image = node.optional("image").bytes_or(plan.image);
  plan.registry = node.optional("registry").bandwidth_or(plan.registry);
  plan.container = node.optional("container").seconds_or(plan.container);
  plan.storage = node.optional("storage").bandwidth_or(plan.storage);
  plan.engine_build = node.optional("engine_build").seconds_or(plan.engine_build);
  plan.per_graph = node.optional("per_graph").seconds_or(plan.per_graph);
  plan.warm_up = node.optional("warm_up").seconds_or(plan.warm_up);
  if (plan.registry <= BytesPerSecond{}) {
    node.optional("registry").problem("a bandwidth above 0", "0");
    plan.registry = StartUpPlan{}.registry;
  }
  node.finish();
}

StartUp start_up(const StartUpPlan& plan, const model::ModelSpec& model, const EngineOptions& options,
                 const hardware::NodeSpec& node) {
  StartUp result;
  const auto phase = [&](const char* name, Seconds time, StartPhase::Kind kind = StartPhase::Kind::other) {
    if (time > Seconds{}) result.phases.push_back({name, time, kind});
  };
  phase("image", plan.image / plan.registry, StartPhase::Kind::image);
  phase("container", plan.container);
  phase("weights", weights_time(plan, model, options, node), StartPhase::Kind::weights);
  phase("engine build", plan.engine_build);
  phase("CUDA graphs", plan.per_graph * static_cast<double>(captured_graphs(options)));
  phase("warm-up", plan.warm_up);
  return result;
}

}  // namespace aifsim::serving
