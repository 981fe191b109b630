// The models that ship with aifsim: workloads/models/<name>.yaml.
#include <cstdio>

#include "config/named_file.hpp"
#include "model/model_spec.hpp"

namespace aifsim::model {
namespace {

constexpr std::string_view folder = "workloads/models";

ModelSpec load(const std::string& name) {
  const config::Document document = config::load_named(folder, name);
  ModelSpec model = read_model_map(document.root(), name);
  document.check();
  return model;
}

}  // namespace

ModelSpec read_model(const config::Node& node) {
  if (node.is_map()) return read_model_map(node, "custom");
  if (!config::names_file(node, folder, "a model")) return {};
  return load(node.text());
}

std::vector<ModelEntry> list_models() {
  std::vector<ModelEntry> entries;
  for (const std::string& name : config::names_in(folder)) {
    const ModelSpec model = load(name);
    char summary[160];
    std::snprintf(summary, sizeof summary, "%.1fB parameters, %d layers, hidden %d, %d heads (%d KV), vocabulary %d",
                  total_parameters(model) / 1e9, model.layers, model.hidden, model.heads, model.kv_heads, model.vocab);
    entries.push_back({name, summary});
  }
  return entries;
}

}  // namespace aifsim::model
