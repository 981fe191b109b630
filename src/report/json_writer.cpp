#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/serving_json.hpp"
#include "report/writer.hpp"

// Every key is documented in json_keys.cpp; a test holds the two together.
namespace aifsim::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t busiest_channels = 10;  // all of them are in channels.csv

Json input_json(const metrics::InputFile& input) { return {{"file", input.file}, {"resolved", input.resolved}}; }

Json provenance_json(const metrics::Provenance& provenance) {
  return {{"version", provenance.version},
          {"platform", input_json(provenance.platform)},
          {"workload", input_json(provenance.workload)},
          {"seed", provenance.seed},
          {"simgrid", {{"version", provenance.simgrid_version}, {"options", provenance.simgrid_options}}},
          {"data_sources", provenance.data_sources},
          {"validity_notes", provenance.validity_notes}};
}

Json memory_json(const metrics::MemoryReport& memory) {
  Json json = Json::object();
  for (const metrics::MemoryClass& entry : memory.classes) json[entry.name] = entry.bytes.in(units::B);
  json["capacity"] = memory.capacity.in(units::B);
  return json;
}

Json breakdown_json(const metrics::Breakdown& breakdown) {
  Json json = Json::object();
  for (const auto& [cause, time] : breakdown) json[cause] = time.in(units::s);
  return json;
}

Json bottlenecks_json(const metrics::Blames& blames) {
  Json json = Json::array();
  for (const metrics::Bottleneck& entry : metrics::ranked(blames)) {
    json.push_back({{"resource", entry.resource},
                    {"kind", entry.kind},
                    {"blame_s", entry.blame.in(units::s)},
                    {"share", entry.share}});
  }
  return json;
}

Json faults_json(const std::vector<metrics::FaultReport>& faults) {
  Json json = Json::array();
  for (const metrics::FaultReport& fault : faults) {
    json.push_back({{"at_s", fault.at.in(units::s)},
                    {"part", fault.part},
                    {"effect", fault.effect},
                    {"flows_rerouted", fault.flows_rerouted},
                    {"step_before_s", fault.step_before.in(units::s)},
                    {"step_hit_s", fault.step_hit.in(units::s)},
                    {"step_after_s", fault.step_after.in(units::s)},
                    {"detail", fault.detail}});
  }
  return json;
}

Json job_json(const metrics::JobReport& job) {
  const metrics::Throughput& rate = job.throughput;
  return {{"name", job.name},
          {"kind", job.kind},
          {"step_time_s", job.step_time.in(units::s)},
          {"tokens_per_s", rate.tokens_per_s},
          {"tokens_per_s_per_gpu", rate.tokens_per_s_per_gpu},
          {"model_tflops_per_gpu", rate.model_flops_per_gpu.in(units::TFLOP_per_s)},
          {"mfu", rate.mfu},
          {"hfu", rate.hfu},
          {"memory", memory_json(job.memory)},
          {"breakdown", breakdown_json(job.breakdown)},
          {"bottlenecks", bottlenecks_json(job.blames)},
          {"model", job.model},
          {"precision", job.precision},
          {"layout", job.layout},
          {"gpus", job.gpus},
          {"faults", faults_json(job.faults)}};
}

Json network_json(const metrics::NetworkReport& network) {
  std::vector<const metrics::ChannelUsage*> busiest;
  Bytes bytes;
  for (const metrics::ChannelUsage& usage : network.channels) {
    busiest.push_back(&usage);
    bytes += usage.bytes;
  }
  std::stable_sort(busiest.begin(), busiest.end(),
                   [](const auto* a, const auto* b) { return a->busy_share > b->busy_share; });
  busiest.resize(std::min(busiest.size(), busiest_channels));
  Json channels = Json::array();
  for (const metrics::ChannelUsage* usage : busiest) {
    channels.push_back({{"name", usage->name},
                        {"medium", usage->medium},
                        {"bytes", usage->bytes.in(units::B)},
                        {"busy_share", usage->busy_share}});
  }
  return {{"kind", network.kind},
          {"channels_used", network.channels.size()},
          {"channel_bytes", bytes.in(units::B)},
          {"busiest", channels}};
}

Json cost_json(const metrics::RunCost& cost) {
  return {{"cpu_s", cost.cpu.in(units::s)},
          {"peak_rss_bytes", cost.peak_rss.in(units::B)},
          {"events", cost.events},
          {"flows", cost.flows}};
}

}  // namespace

std::string write_json(const metrics::RunReport& report, Style /*style*/) {
  Json jobs = Json::array();
  for (const metrics::JobReport& job : report.jobs) jobs.push_back(job_json(job));
  for (const metrics::ServingReport& service : report.services) jobs.push_back(serving_json(service));
  const Json json{{"schema", "aifsim.run/1"},
                  {"provenance", provenance_json(report.provenance)},
                  {"jobs", jobs},
                  {"network", network_json(report.network)},
                  {"run_cost", cost_json(report.run_cost)}};
  // A file name need not be UTF-8, JSON must be.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace aifsim::report
