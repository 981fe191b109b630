#include <spdlog/spdlog.h>

#include <iostream>

#include "app/commands.hpp"
#include "app/inputs.hpp"
#include "app/terminal.hpp"
#include "base/version.hpp"
#include "engine/simgrid_executor.hpp"
#include "report/human.hpp"
#include "report/output_directory.hpp"
#include "report/writer.hpp"
#include "study/training_run.hpp"
#include "task/ideal_executor.hpp"
#include "topology/fabric.hpp"
#include "training/job.hpp"
#include "training/setup.hpp"

namespace aifsim::app {
namespace {

std::string_view name_of(Network network) {
  switch (network) {
    case Network::fluid: return "fluid";
    case Network::simgrid: return "simgrid";
    case Network::ideal: return "ideal";
  }
  return "";
}

std::unique_ptr<task::Executor> make_executor(Network network, const topology::Fabric& fabric) {
  if (network == Network::ideal) {
    std::vector<BytesPerSecond> capacity;
    for (const topology::Channel& channel : fabric.channels()) capacity.push_back(channel.capacity);
    return task::make_ideal_executor(std::move(capacity));
  }
  return engine::make_simgrid_executor(
      fabric, network == Network::fluid ? engine::NetworkKind::fluid : engine::NetworkKind::simgrid);
}

std::string summary_of(const hardware::Platform& platform) {
  std::string text;
  for (const hardware::NodeGroup& group : platform.groups) {
    text += (text.empty() ? "" : " + ") + report::human_count(group.count) + " x " + group.type->name;
  }
  return platform.description.empty() ? text : text + " · " + platform.description;
}

metrics::Provenance provenance_of(const RunOptions& options, const Inputs& inputs, const hardware::Platform& platform,
                                  std::vector<std::string> notes) {
  metrics::Provenance provenance;
  provenance.version = version;
  provenance.platform = {options.platform, inputs.platform.resolved()};
  provenance.workload = {options.workload, inputs.workload.resolved()};
  provenance.seed = options.seed;
  provenance.simgrid_version = engine::simgrid_version();
  provenance.simgrid_options = engine::simgrid_options();
  provenance.data_sources = platform.sources;
  provenance.validity_notes = std::move(notes);
  return provenance;
}

metrics::RunReport simulate(const RunOptions& options, const Inputs& inputs, const Progress& progress) {
  const hardware::Platform platform = hardware::read_platform(inputs.platform);
  inputs.platform.check();
  const training::TrainingJob job = training::read_training_job(inputs.workload, &platform);
  inputs.workload.check();
  progress.show("building the fabric of " + platform.name);
  const topology::Topology topology = topology::build(platform);
  spdlog::info("{}: {} GPUs, {} devices, {} channels", platform.name, platform.gpu_count(),
               topology.fabric.devices().size(), topology.fabric.channels().size());
  progress.show("planning " + job.name);
  const training::TrainingSetup setup = training::prepare(job, platform, topology);
  progress.show("simulating " + job.name);
  const auto executor = make_executor(options.network, topology.fabric);
  study::TrainingResult result = study::simulate_training(setup, *executor);

  metrics::RunReport report;
  report.provenance = provenance_of(options, inputs, platform, std::move(result.notes));
  report.platform_name = platform.name;
  report.platform_summary = summary_of(platform);
  report.jobs.push_back(std::move(result.job));
  report.network = {std::string(name_of(options.network)), std::move(result.channels)};
  report.run_cost = {process_cpu_time(), process_peak_memory(), executor->counters().tasks, executor->counters().flows};
  return report;
}

}  // namespace

void run_command(const RunOptions& options) {
  metrics::RunReport report;
  {
    const Progress progress;
    progress.show("reading " + options.platform + " and " + options.workload);
    report = simulate(options, load_inputs(options.platform, options.workload, options.sets), progress);
    if (!options.out.empty()) report::write_output_directory(options.out, report);
  }
  const std::string_view format = options.format == Format::json ? "json" : "text";
  std::cout << report::writer_named(format).write(report, {.colour = wants_colour(Stream::output)});
}

}  // namespace aifsim::app
