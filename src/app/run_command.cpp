#include <spdlog/spdlog.h>

#include <iostream>

#include "app/commands.hpp"
#include "app/file_kinds.hpp"
#include "app/inputs.hpp"
#include "app/terminal.hpp"
#include "base/version.hpp"
#include "engine/simgrid_executor.hpp"
#include "report/human.hpp"
#include "report/output_directory.hpp"
#include "report/request_csv.hpp"
#include "report/writer.hpp"
#include "serving/request_plan.hpp"
#include "serving/service.hpp"
#include "study/serving_run.hpp"
#include "study/training_run.hpp"
#include "task/ideal_executor.hpp"
#include "topology/fabric.hpp"
#include "topology/storage.hpp"
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

// What every kind of job needs: the platform and the executor that runs on it.
struct Stage {
  const RunOptions& options;
  const Inputs& inputs;
  const Progress& progress;
  hardware::Platform platform;
  std::optional<topology::Topology> topology = std::nullopt;
  std::unique_ptr<task::Executor> executor = nullptr;

  void build() {
    progress.show("building the fabric of " + platform.name);
    topology = topology::build(platform);
    spdlog::info("{}: {} GPUs, {} devices, {} channels", platform.name, platform.gpu_count(),
                 topology->fabric.devices().size(), topology->fabric.channels().size());
  }
  task::Executor& run() { return *(executor = make_executor(options.network, topology->fabric)); }
  [[nodiscard]] metrics::RunReport report(std::vector<std::string> notes) const {
    metrics::RunReport report;
    report.provenance = provenance_of(options, inputs, platform, std::move(notes));
    report.platform_name = platform.name;
    report.platform_summary = summary_of(platform);
    report.network.kind = name_of(options.network);
    report.run_cost = {process_cpu_time(), process_peak_memory(), executor->counters().tasks,
                       executor->counters().flows};
    return report;
  }
};

metrics::RunReport simulate_training(Stage& stage) {
  const training::TrainingJob job = training::read_training_job(stage.inputs.workload, &stage.platform);
  stage.inputs.workload.check();
  stage.build();
  stage.progress.show("planning " + job.name);
  const training::TrainingSetup setup = training::prepare(job, stage.platform, *stage.topology);
  stage.progress.show("simulating " + job.name);
  study::TrainingResult result = study::simulate_training(setup, stage.run());
  metrics::RunReport report = stage.report(std::move(result.notes));
  report.jobs.push_back(std::move(result.job));
  report.network.channels = std::move(result.channels);
  return report;
}

report::RequestLine line_of(const serving::RequestRecord& record) {
  return {.id = record.id,
          .replica = record.replica,
          .input_tokens = record.input_tokens,
          .cached_tokens = record.cached_tokens,
          .output_tokens = record.output_tokens,
          .preemptions = record.preemptions,
          .arrival = record.arrival,
          .scheduled = record.scheduled,
          .first_token = record.first_token,
          .done = record.done,
          .transfer = record.transfer,
          .fetch = record.fetch};
}

metrics::RunReport simulate_serving(Stage& stage) {
  serving::ServingJob job = serving::read_serving_job(stage.inputs.workload, &stage.platform);
  stage.inputs.workload.check();
  job.router.seed = stage.options.seed;
  stage.build();
  if (job.uses_storage()) topology::add_storage(stage.platform, *stage.topology);
  stage.progress.show("planning " + job.name);
  const serving::Deployment deployment(job, stage.platform, *stage.topology);
  const auto source = serving::make_requests(*job.requests, stage.options.seed);
  std::optional<report::RequestCsv> lines;
  if (!stage.options.out.empty()) {
    report::make_output_directory(stage.options.out);
    lines.emplace(stage.options.out + "/requests.csv");
  }
  std::uint64_t over = 0;
  const study::RequestSink sink = [&](const serving::RequestRecord& record) {
    if (lines) lines->add(line_of(record));
    if (++over % 1024 == 0) stage.progress.show("simulating " + job.name + ": " + std::to_string(over) + " requests");
  };
  study::ServingResult result = study::simulate_serving(deployment, *source, stage.run(), sink);
  if (lines) lines->close();
  metrics::RunReport report = stage.report(std::move(result.notes));
  report.services.push_back(std::move(result.service));
  return report;
}

metrics::RunReport simulate(const RunOptions& options, const Inputs& inputs, const Progress& progress) {
  Stage stage{options, inputs, progress, hardware::read_platform(inputs.platform)};
  inputs.platform.check();
  return is_serving(inputs.workload) ? simulate_serving(stage) : simulate_training(stage);
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
