#include "app/traffic_command.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "app/inputs.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "config/node.hpp"
#include "engine/simgrid_executor.hpp"
#include "report/human.hpp"
#include "report/table.hpp"
#include "study/traffic.hpp"

namespace aifsim::app {
namespace {

using study::TrafficResult;

Bytes bytes_of(const std::string& text) {
  const config::Document document = config::Document::parse("bytes: \"" + text + "\"\n", "--bytes");
  const Bytes bytes = document.root().required("bytes").bytes();
  if (document.has_problems() || bytes <= Bytes{}) {
    throw ConfigError(Problem{
        .file = {}, .key = "--bytes", .expected = "an amount such as 64MiB", .got = '"' + text + '"', .hint = {}});
  }
  return bytes;
}

nlohmann::ordered_json json_of(const std::vector<study::TrafficFault>& faults) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const study::TrafficFault& fault : faults) {
    list.push_back({{"at_s", fault.at.in(units::s)},
                    {"part", fault.part},
                    {"what", fault.what},
                    {"flows_waited", fault.waited},
                    {"flows_rerouted", fault.rerouted},
                    {"flows_lost", fault.lost},
                    {"detail", fault.detail}});
  }
  return list;
}

std::string json_of(const TrafficCommandOptions& options, const topology::Topology& topology,
                    const TrafficResult& result) {
  nlohmann::ordered_json hottest = nlohmann::ordered_json::array();
  for (const study::BusyChannel& hot : result.hottest) {
    hottest.push_back(
        {{"channel", topology.fabric.name(hot.channel)}, {"busy", hot.busy}, {"bytes", hot.bytes.in(units::B)}});
  }
  const nlohmann::ordered_json document{
      {"schema", "aifsim.traffic/1"},
      {"pattern", options.pattern},
      {"gpus", topology.fabric.gpu_count()},
      {"flows", result.flows},
      {"classes", result.classes},
      {"bytes", result.bytes.in(units::B)},
      {"crossing_bytes", result.crossing.in(units::B)},
      {"completion_s", result.completion.in(units::s)},
      {"mean_flow_s", result.mean_flow_time.in(units::s)},
      {"p99_flow_s", result.p99_flow_time.in(units::s)},
      {"bytes_per_s_per_gpu", result.rate_per_gpu.in(units::B_per_s)},
      {"reference", result.bisection_known ? "bisection" : "injection"},
      {"reference_bytes_per_s_per_gpu", result.capacity_per_gpu.in(units::B_per_s)},
      {"achieved", result.achieved},
      {"channels_used", result.channels_used},
      {"hottest", hottest},
      {"flows_lost", result.lost},
      {"faults", json_of(result.faults)},
      {"run_cost", {{"cpu_s", process_cpu_time().in(units::s)}, {"peak_bytes", process_peak_memory().in(units::B)}}}};
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::string csv_of(const topology::Topology& topology, const TrafficResult& result) {
  std::string text = "figure,value\n";
  text += fmt::format("flows,{}\nbytes,{}\ncompletion_s,{}\nmean_flow_s,{}\np99_flow_s,{}\n", result.flows,
                      result.bytes.in(units::B), result.completion.in(units::s), result.mean_flow_time.in(units::s),
                      result.p99_flow_time.in(units::s));
  text += fmt::format("bytes_per_s_per_gpu,{}\nachieved,{}\n", result.rate_per_gpu.in(units::B_per_s), result.achieved);
  for (const study::BusyChannel& hot : result.hottest) {
    text += fmt::format("busy {},{}\n", topology.fabric.name(hot.channel), hot.busy);
  }
  if (!result.faults.empty()) text += fmt::format("flows_lost,{}\n", result.lost);
  return text;
}

std::string faults_text(const std::vector<study::TrafficFault>& faults) {
  using report::Align;
  report::Table table({{"fault in mid-run"},
                       {"at", Align::right},
                       {"flows waited", Align::right},
                       {"rerouted", Align::right},
                       {"lost", Align::right}});
  std::string details;
  const auto count = [](std::size_t flows) { return report::human_count(static_cast<double>(flows)); };
  for (const study::TrafficFault& fault : faults) {
    table.row({fault.part + " " + fault.what, report::human(fault.at), count(fault.waited), count(fault.rerouted),
               count(fault.lost)});
    details += "  " + report::wrapped(fault.part + ": " + fault.detail, 98, 4) + '\n';
  }
  return '\n' + table.text() + '\n' + details;
}

std::string text_of(const TrafficCommandOptions& options, const topology::Topology& topology,
                    const TrafficResult& result) {
  const auto rate = [](BytesPerSecond value) { return fmt::format("{:.2f} GB/s", value.in(units::GB_per_s)); };
  report::Table figures({{""}, {"", report::Align::right}});
  figures.row({"GPUs", report::human_count(static_cast<double>(topology.fabric.gpu_count()))});
  figures.row({"flows", report::human_count(static_cast<double>(result.flows))});
  if (!result.faults.empty()) figures.row({"lost flows", report::human_count(static_cast<double>(result.lost))});
  figures.row({"bytes", report::human(result.bytes)});
  figures.row({"from half to half", report::human(result.crossing)});
  figures.row({"completion", report::human(result.completion)});
  figures.row({"mean flow", report::human(result.mean_flow_time)});
  figures.row({"p99 flow", report::human(result.p99_flow_time)});
  figures.row({"rate per sending GPU", rate(result.rate_per_gpu)});
  figures.row({result.bisection_known ? "bisection per GPU" : "injection per GPU", rate(result.capacity_per_gpu)});
  figures.row({result.bisection_known ? "achieved of the bisection" : "achieved of the injection",
               report::human_percent(result.achieved)});
  report::Table hottest({{"hottest channels"}, {"busy", report::Align::right}, {"carried", report::Align::right}});
  for (const study::BusyChannel& hot : result.hottest) {
    hottest.row({topology.fabric.name(hot.channel), report::human_percent(hot.busy), report::human(hot.bytes)});
  }
  return options.pattern + "\n\n" + figures.text() + '\n' + hottest.text() +
         (result.faults.empty() ? "" : faults_text(result.faults));
}

}  // namespace

void traffic_command(const TrafficCommandOptions& options) {
  const hardware::Platform platform = load_platform(options.platform, options.sets);
  const topology::Topology topology = topology::build(platform);
  if (topology.circuits && topology.circuits->turning) {
    spdlog::warn(
        "{}: messages do not wait for optical circuits to turn here: the times are of circuits that are always "
        "set (collectives pay their own turns)",
        options.platform);
  }
  const std::vector<study::Transfer> transfers = study::make_transfers({.pattern = options.pattern,
                                                                        .bytes = bytes_of(options.bytes),
                                                                        .concurrent = options.concurrent,
                                                                        .seed = options.seed},
                                                                       topology.fabric.gpu_count());
  const auto executor = engine::make_simgrid_executor(topology.fabric, engine::NetworkKind::fluid);
  const TrafficResult result = study::simulate_traffic(transfers, platform, topology, *executor);
  switch (options.format) {
    case TrafficFormat::json: std::cout << json_of(options, topology, result); break;
    case TrafficFormat::csv: std::cout << csv_of(topology, result); break;
    case TrafficFormat::text: std::cout << text_of(options, topology, result); break;
  }
}

}  // namespace aifsim::app
