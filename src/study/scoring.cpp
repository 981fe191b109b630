#include "study/scoring.hpp"

#include "base/error.hpp"
#include "engine/simgrid_executor.hpp"
#include "serving/request_plan.hpp"
#include "study/collective_row.hpp"
#include "study/inference_row.hpp"
#include "study/row_scenario.hpp"
#include "study/serving_run.hpp"
#include "study/training_run.hpp"

namespace aifsim::study {
namespace {

void conclude(std::vector<RowResult>& results, RowStatus status, const std::string& reason) {
  for (RowResult& result : results) {
    result.status = status;
    result.reason = reason;
  }
}

struct Simulated {
  TrainingResult result;
  Flops flops_per_token;  // by the row's own formula
};

Simulated simulate(const RowScenario& scenario, const std::string& id) {
  const config::Document platform_file = config::Document::parse(scenario.platform, id + " platform");
  const hardware::Platform platform = hardware::read_platform(platform_file);
  platform_file.check();
  const config::Document workload_file = config::Document::parse(scenario.workload, id + " workload");
  const training::TrainingJob job = training::read_training_job(workload_file, &platform);
  workload_file.check();
  const topology::Topology topology = topology::build(platform);
  const training::TrainingSetup setup = training::prepare(job, platform, topology);
  const auto executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  return {simulate_training(setup, *executor),
          model::model_flops_per_token(job.model, job.sequence, scenario.attention_share)};
}

double value_of(const Simulated& simulated, const std::string& metric) {
  const metrics::JobReport& job = simulated.result.job;
  if (metric == "tokens_per_s_per_gpu") return job.throughput.tokens_per_s_per_gpu;
  if (metric == "step_time_s") return job.step_time.in(units::s);
  return simulated.flops_per_token.in(units::TFLOP)*job.throughput.tokens_per_s_per_gpu;
}

void simulate_training_row(const Table::Row& row, std::vector<RowResult>& results) {
  try {
    const RowReading reading = read_training_row(row);
    if (!reading.scenario) return conclude(results, RowStatus::unsupported, reading.reason);
    const Simulated outcome = simulate(*reading.scenario, row.text("id"));
    std::string reason = reading.scenario->assumed;
    for (RowResult& result : results) {
      result.simulated = value_of(outcome, result.metric);
      result.error = result.simulated / result.measured - 1;
    }
    conclude(results, RowStatus::ok, reason);
  } catch (const ConfigError& error) {
    conclude(results, RowStatus::infeasible, error.what());
  } catch (const OutOfMemoryError& error) {
    conclude(results, RowStatus::infeasible, error.what());
  }
}

void simulate_collective_row(const Table::Row& row, std::vector<RowResult>& results) {
  const CollectiveReading reading = read_collective_row(row);
  if (!reading.scenario) return conclude(results, RowStatus::unsupported, reading.reason);
  try {
    const Seconds time = simulate_collective(*reading.scenario, row.text("id"));
    for (RowResult& result : results) {
      result.simulated = time.in(units::us);
      result.error = result.simulated / result.measured - 1;
    }
    conclude(results, RowStatus::ok, reading.scenario->assumed);
  } catch (const ConfigError& error) {
    conclude(results, RowStatus::infeasible, error.what());
  }
}

metrics::ServingReport simulate_service(const RowScenario& scenario, const std::string& id) {
  const config::Document platform_file = config::Document::parse(scenario.platform, id + " platform");
  const hardware::Platform platform = hardware::read_platform(platform_file);
  platform_file.check();
  const config::Document workload_file = config::Document::parse(scenario.workload, id + " workload");
  const serving::ServingJob job = serving::read_serving_job(workload_file, &platform);
  workload_file.check();
  const topology::Topology topology = topology::build(platform);
  const serving::Deployment deployment(job, platform, topology);
  const auto source = serving::make_requests(*job.requests, 1);
  const auto executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  return simulate_serving(deployment, *source, *executor).service;
}

double value_of(const metrics::ServingReport& report, const std::string& metric) {
  if (metric == "ttft_ms") return report.ttft.mean().in(units::ms);
  if (metric == "tpot_ms") return report.tpot.mean().in(units::ms);
  return report.output_tokens_per_s;
}

void simulate_inference_row(const Table::Row& row, std::vector<RowResult>& results) {
  try {
    const RowReading reading = read_inference_row(row);
    if (!reading.scenario) return conclude(results, RowStatus::unsupported, reading.reason);
    const metrics::ServingReport report = simulate_service(*reading.scenario, row.text("id"));
    if (report.rejected > 0) return conclude(results, RowStatus::infeasible, report.rejections.front());
    for (RowResult& result : results) {
      result.simulated = value_of(report, result.metric);
      result.error = result.simulated / result.measured - 1;
    }
    conclude(results, RowStatus::ok, reading.scenario->assumed);
  } catch (const ConfigError& error) {
    conclude(results, RowStatus::infeasible, error.what());
  } catch (const OutOfMemoryError& error) {
    conclude(results, RowStatus::infeasible, error.what());
  }
}

RowResult figure(const Table::Row& row, const char* metric, const char* column, const char* unit) {
  RowResult result;
  result.id = row.text("id");
  result.metric = metric;
  result.unit = unit;
  result.measured = row.number(column);
  return result;
}

}  // namespace

TableKind kind_of(const Table& table) {
  if (table.has("measured_step_time_s") && table.has("micro_batch")) return TableKind::training;
  if (table.has("collective") && table.has("message_bytes")) return TableKind::collectives;
  if (table.has("ttft_ms") && table.has("isl")) return TableKind::inference;
  if (table.has("benchmark") && table.has("scenario") && table.has("submitter")) return TableKind::mlperf;
  throw ConfigError(Problem{table.file(), 1, 1, "",
                            "the header of a training, collectives, inference or mlperf table (see README, Validation)",
                            "other columns", ""});
}

std::vector<RowResult> published(TableKind kind, const Table::Row& row) {
  std::vector<RowResult> results;
  switch (kind) {
    case TableKind::training:
      if (!row.empty("tokens_per_s_per_gpu")) {
        results.push_back(figure(row, "tokens_per_s_per_gpu", "tokens_per_s_per_gpu", "tokens/s"));
      } else if (!row.empty("measured_step_time_s")) {
        results.push_back(figure(row, "step_time_s", "measured_step_time_s", "s"));
      } else if (!row.empty("tflops_per_gpu")) {
        results.push_back(figure(row, "tflops_per_gpu", "tflops_per_gpu", "TFLOP/s"));
      }
      break;
    case TableKind::collectives:
      if (!row.empty("time_us")) results.push_back(figure(row, "time_us", "time_us", "us"));
      break;
    case TableKind::inference: {
      // Rows of the InfX family derive their throughput from TPOT: not a measurement.
      const bool derived = row.text("group").starts_with("infx|");
      if (!row.empty("output_tokens_per_s") && !derived) {
        results.push_back(figure(row, "output_tokens_per_s", "output_tokens_per_s", "tokens/s"));
      }
      if (!row.empty("ttft_ms")) results.push_back(figure(row, "ttft_ms", "ttft_ms", "ms"));
      if (!row.empty("tpot_ms")) results.push_back(figure(row, "tpot_ms", "tpot_ms", "ms"));
      break;
    }
    case TableKind::mlperf:
      if (!row.empty("value"))
        results.push_back(figure(row, row.text("metric").c_str(), "value", row.text("unit").c_str()));
      break;
  }
  return results;
}

void simulate_row(TableKind kind, const Table::Row& row, std::vector<RowResult>& results) {
  switch (kind) {
    case TableKind::training: return simulate_training_row(row, results);
    case TableKind::collectives: return simulate_collective_row(row, results);
    case TableKind::inference: return simulate_inference_row(row, results);
    case TableKind::mlperf:
      return conclude(results, RowStatus::unsupported, "time to train needs convergence, which is not simulated");
  }
}

}  // namespace aifsim::study
