#include "hardware/gpu_spec_reader.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "config/named_file.hpp"

namespace aifsim::hardware {

namespace {

using config::Node;
constexpr std::array<std::string_view, 4> confidences{"published", "derived", "estimate", "recalled"};

std::map<Precision, FlopsPerSecond> read_peaks(const Node& node) {
  std::map<Precision, FlopsPerSecond> peaks;
  for (const std::string& key : node.keys()) {
    const Node entry = node.required(key);
    const FlopsPerSecond peak = entry.flop_rate();
    const std::optional<Precision> precision = precision_named(key);
    if (!precision)
      entry.problem("a precision such as bf16", "`" + key + "`");
    else if (peak <= FlopsPerSecond{})
      entry.problem("a positive rate (leave the precision out if the GPU does not have it)", entry.text());
    else
      peaks[*precision] = peak;
  }
  return peaks;
}

std::string read_sources(const Node& node) {
  std::string sources;
  for (const std::string& key : node.keys()) {
    sources += (sources.empty() ? "" : "; ") + node.required(key).text();
  }
  return sources;
}

// A table that was measured on another GPU says so, with the reasons of both files.
void mark_derived(KernelProfile& profile, const std::string& table, const std::string& because) {
  if (because.empty()) return;
  profile.derived_because = profile.derived_because.empty() ? because : because + "; " + profile.derived_because;
  if (profile.derived_from.empty()) profile.derived_from = table;
}

KernelProfile read_kernels(const Node& node) {
  const Node table = node.required("table");
  const std::string because = node.optional("derived_because").text_or("");
  if (!config::names_file(table, kernel_folder, "kernel table")) return {};
  const config::Document document = config::load_named(kernel_folder, table.text());
  KernelProfile profile = read_kernel_profile(document.root());
  document.check();
  mark_derived(profile, table.text(), because);
  if (const Node factors = node.optional("scale")) {
    if (because.empty()) factors.problem("`derived_because` beside it, with the reason", "nothing");
    profile = scaled(std::move(profile), read_factors(factors));
    factors.finish();
  }
  node.finish();
  return profile;
}

}  // namespace

GpuSpec read_gpu_spec(const Node& root, std::string_view name) {
  GpuSpec gpu;
  gpu.name = name;
  gpu.architecture = root.required("architecture").text();
  gpu.streaming_multiprocessors =
      static_cast<int>(root.required("streaming_multiprocessors").integer({.min = 1, .max = 10000}));
  const Node peaks = root.required("dense_peak");
  gpu.dense_peak = read_peaks(peaks);
  gpu.memory = root.required("memory").bytes();
  gpu.memory_bandwidth = root.required("memory_bandwidth").bandwidth();
  gpu.nvlink = root.required("nvlink").bandwidth();
  gpu.power = root.required("power").watts();
  gpu.idle_power = root.required("idle_power").watts();
  gpu.kernels = read_kernels(root.required("kernels"));
  gpu.confidence = confidences.at(root.required("confidence").choice(confidences));
  for (const Node& key : root.optional("recalled").items()) gpu.recalled.push_back(key.text());
  gpu.source = read_sources(root.required("sources"));
  for (const Node& note : root.optional("notes").items()) static_cast<void>(note.text());
  root.finish();
  for (const auto& [precision, rate] : gpu.dense_peak) {
    if (!gpu.kernels.gemm.empty() && !gpu.kernels.gemm.contains(precision))
      peaks.problem("precisions that the kernel table knows", "`" + std::string(name_of(precision)) + "`");
  }
  return gpu;
}

}  // namespace aifsim::hardware
