#include "app/file_kinds.hpp"

#include <algorithm>
#include <filesystem>

#include "app/study_command.hpp"
#include "base/error.hpp"
#include "collective/library.hpp"
#include "collective/step_list.hpp"
#include "hardware/gpu_spec_reader.hpp"
#include "hardware/node_catalog_parts.hpp"
#include "hardware/platform.hpp"
#include "model/model_spec.hpp"
#include "serving/engine_software.hpp"
#include "serving/job.hpp"
#include "serving/package.hpp"
#include "serving/request_plan.hpp"
#include "training/framework.hpp"
#include "training/job.hpp"

namespace aifsim::app {
namespace {

void read_gpu_file(const config::Document& document) { (void)hardware::read_gpu_spec(document.root(), "gpu"); }
void read_kernel_file(const config::Document& document) { (void)hardware::read_kernel_profile(document.root()); }
void read_model_file(const config::Document& document) { (void)model::read_model(document.root()); }
void read_engine_file(const config::Document& document) {
  serving::EngineOptions options;
  serving::read_software(document.root(), options);
}
void read_framework_file(const config::Document& document) { (void)training::read_framework(document.root()); }
void read_node_file(const config::Document& document) { (void)hardware::read_node_type(document.root()); }
void read_nic_file(const config::Document& document) { (void)hardware::read_nic(document.root()); }
void read_switch_file(const config::Document& document) { (void)hardware::read_switch(document.root()); }
void read_cpu_file(const config::Document& document) { (void)hardware::read_cpu(document.root()); }
void read_dpu_file(const config::Document& document) { (void)hardware::read_dpu(document.root()); }
void read_library_file(const config::Document& document) { (void)collective::read_library(document.file()); }

void read_study_file(const config::Document& document) {
  const study::Study study = study::read_study(document);
  if (!document.has_problems()) check_study_inputs(study);
}

// A part that serving workloads extend.
void read_requests_file(const config::Document& document) {
  (void)document.root().optional("description").text_or("");
  (void)serving::read_request_plan(document.root().required("requests"));
  document.root().finish();
}

void read_step_list_file(const config::Document& document) { (void)collective::read_step_list(document); }

// Media are one table that every other reader looks into: only the catalogue's own can be read.
void read_media_file(const config::Document& document) {
  const std::string own = hardware::catalog_directory() + "/media.yaml";
  std::error_code error;
  if (std::filesystem::equivalent(document.file(), own, error)) {
    (void)hardware::read_media();
  } else {
    document.root().problem("the catalogue's own media (" + own + ")", "another file");
  }
}

// The first that fits counts: special kinds stand before general ones.
const std::vector<FileKind> kinds{
    {"study", "", {"study", "columns"}, read_study_file},
    {"workload", "", {"kind"}, read_workload_file},
    {"requests", "requests", {"requests"}, read_requests_file},
    {"package", "nims", {"profiles"}, serving::read_package_file},
    {"platform", "", {"nodes"}, read_platform_file},
    {"gpu", "gpus", {"dense_peak"}, read_gpu_file},
    {"kernel table", "kernels", {"library", "gemm"}, read_kernel_file},
    {"model", "models", {"layers", "hidden"}, read_model_file},
    {"framework", "frameworks", {"elementwise"}, read_framework_file},
    {"inference engine", "engines", {"kernel_factor"}, read_engine_file},
    {"node type", "nodes", {"gpu", "gpus"}, read_node_file},
    {"switch", "switches", {"ports", "port_bandwidth"}, read_switch_file},
    {"CPU", "cpus", {"cores", "memory_bandwidth"}, read_cpu_file},
    {"DPU", "dpus", {"cores", "bandwidth"}, read_dpu_file},
    {"collective algorithm", "collectives", {"operation", "steps"}, read_step_list_file},
    {"collective library", "libraries", {"library", "network"}, read_library_file},
    {"link media", "catalog", {"pcie5-x16"}, read_media_file},
    {"NIC", "nics", {"bandwidth", "latency"}, read_nic_file},
};

}  // namespace

void read_platform_file(const config::Document& document) { (void)hardware::read_platform(document); }

bool is_serving(const config::Document& workload) {
  const config::Node kind = workload.root().optional("kind");
  return kind && kind.is_scalar() && kind.text() == "serving";
}

// Whatever is not serving is read as training, whose reader names the kinds there are.
void read_workload_file(const config::Document& document) {
  if (is_serving(document)) {
    (void)serving::read_serving_job(document, nullptr);
  } else {
    (void)training::read_training_job(document, nullptr);
  }
}

std::span<const FileKind> file_kinds() { return kinds; }

const FileKind& kind_of(const std::string& path, const config::Document& document) {
  const std::string folder = std::filesystem::absolute(path).parent_path().filename().string();
  for (const FileKind& kind : kinds) {
    if (!kind.folder.empty() && kind.folder == folder) return kind;
  }
  const std::vector<std::string> keys = document.root().keys();
  const auto has = [&](std::string_view key) { return std::find(keys.begin(), keys.end(), key) != keys.end(); };
  for (const FileKind& kind : kinds) {
    if (std::all_of(kind.keys.begin(), kind.keys.end(), has)) return kind;
  }
  throw ConfigError(Problem{path, 0, 0, "",
                            "a platform (`nodes`), a workload (`kind`), a study, a model or a catalogue file",
                            "a file with none of their keys", ""});
}

}  // namespace aifsim::app
