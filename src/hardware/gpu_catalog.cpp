#include <string>

#include "config/data_directory.hpp"
#include "config/named_file.hpp"
#include "hardware/gpu_spec_reader.hpp"
#include "hardware/operator_cost.hpp"
#include "hardware/platform.hpp"

namespace aifsim::hardware {

namespace {

GpuSpec load_gpu(const std::string& name) {
  const config::Document document = config::load_named(gpu_folder, name);
  GpuSpec gpu = read_gpu_spec(document.root(), name);
  document.check();
  return gpu;
}

std::string rounded(double value) { return std::to_string(static_cast<long>(value + 0.5)); }

std::string summary(const GpuSpec& gpu) {
  std::string text = gpu.architecture;
  if (supports(gpu, Precision::bf16))
    text += ", " + rounded(gpu.dense_peak.at(Precision::bf16).in(units::TFLOP_per_s)) + " TFLOP/s bf16";
  text += ", " + rounded(gpu.memory.in(units::GiB)) + " GiB at " + rounded(gpu.memory_bandwidth.in(units::GB_per_s)) +
          " GB/s";
  text +=
      gpu.nvlink > BytesPerSecond{} ? ", NVLink " + rounded(gpu.nvlink.in(units::GB_per_s)) + " GB/s" : ", no NVLink";
  return gpu.kernels.derived_from.empty() ? text : text + ", kernels derived from " + gpu.kernels.derived_from;
}

}  // namespace

std::string catalog_directory() { return config::data_directory("platforms/catalog"); }

std::shared_ptr<const GpuSpec> read_gpu(const config::Node& name_node) {
  if (!config::names_file(name_node, gpu_folder, "GPU")) return std::make_shared<const GpuSpec>();
  return std::make_shared<const GpuSpec>(load_gpu(name_node.text()));
}

std::vector<CatalogEntry> list_gpus() {
  std::vector<CatalogEntry> entries;
  for (const std::string& name : config::names_in(gpu_folder)) entries.push_back({name, summary(load_gpu(name))});
  return entries;
}

}  // namespace aifsim::hardware
