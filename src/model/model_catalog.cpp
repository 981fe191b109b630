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

std::string summary_of(const ModelSpec& model) {
  char text[200];
  const double total = total_parameters(model) / 1e9;
  if (total < 1) {
    std::snprintf(text, sizeof text, "%.0fM parameters", total * 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.*fB parameters", total < 100 ? 1 : 0, total);
  }
  std::string summary = text;
  if (const auto& experts = model.experts) {
    const double active = active_parameters(model) / 1e9;
    std::snprintf(text, sizeof text, ", %.*fB active, %d of %d experts", active < 100 ? 1 : 0, active, experts->top_k,
                  experts->count);
    summary += text;
  }
  std::snprintf(text, sizeof text, ", %d layers, hidden %d, %d heads", model.layers, model.hidden, model.heads);
  summary += text;
  summary += model.latent_attention ? " (latent)" : " (" + std::to_string(model.kv_heads) + " KV)";
  if (model.sparse_attention) summary += ", sparse attention";
  if (model.sliding_window) summary += ", windows of " + std::to_string(model.sliding_window->tokens);
  if (model.mamba) summary += ", Mamba-2";
  if (model.linear_attention) summary += ", gated linear attention";
  if (model.vision) {
    std::snprintf(text, sizeof text, ", vision encoder of %.1fB", vision_parameters(model) / 1e9);
    summary += text;
  }
  return summary + ", vocabulary " + std::to_string(model.vocab);
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
    entries.push_back({name, summary_of(model)});
  }
  return entries;
}

std::vector<std::string> models_with_vision() {
  std::vector<std::string> names;
  for (const std::string& name : config::names_in(folder)) {
    if (load(name).vision) names.push_back(name);
  }
  return names;
}

}  // namespace aifsim::model
