#include "app/collective_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/inputs.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "collective/collective.hpp"
#include "collective/step_list.hpp"
#include "config/node.hpp"
#include "engine/simgrid_executor.hpp"
#include "report/table.hpp"
#include "study/collective_bench.hpp"
#include "task/ideal_executor.hpp"

namespace aifsim::app {
namespace {

using study::BenchRow;

std::unique_ptr<task::Executor> executor_for(CollectiveNetwork network, const topology::Fabric& fabric) {
  if (network != CollectiveNetwork::ideal) {
    const bool fluid = network == CollectiveNetwork::fluid;
    return engine::make_simgrid_executor(fabric, fluid ? engine::NetworkKind::fluid : engine::NetworkKind::simgrid);
  }
  std::vector<BytesPerSecond> capacity;
  for (const topology::Channel& channel : fabric.channels()) capacity.push_back(channel.capacity);
  return task::make_ideal_executor(std::move(capacity));
}

// MoE layers send tokens to their experts and back; both ways the busiest rank moves as much.
bool is_expert(const std::string& operation) { return operation == "moe_dispatch" || operation == "moe_combine"; }

// As nccl-tests name them, and as the library does.
collective::Operation operation_named(const std::string& text) {
  if (text == "alltoall") return collective::Operation::all_to_all;
  if (text == "alltoallv") return collective::Operation::all_to_all_v;
  if (is_expert(text)) return collective::Operation::all_to_all_v;
  if (text == "sendrecv") return collective::Operation::send_receive;
  if (const auto operation = collective::operation_named(text)) return *operation;
  std::vector<std::string> known;
  std::string list;
  for (const collective::Operation operation : collective::operations()) {
    known.emplace_back(collective::name_of(operation));
    list += (list.empty() ? "" : "|") + known.back();
  }
  for (const char* expert : {"moe_dispatch", "moe_combine"}) {
    known.emplace_back(expert);
    list += std::string("|") + expert;
  }
  const auto near = config::nearest(text, known);
  throw ConfigError(Problem{.file = {},
                            .key = "--op",
                            .expected = list,
                            .got = '"' + text + '"',
                            .hint = near ? "did you mean `" + *near + "`?" : ""});
}

std::string redop_of(collective::Operation operation) {
  using collective::Operation;
  const bool reduces =
      operation == Operation::all_reduce || operation == Operation::reduce_scatter || operation == Operation::reduce;
  return reduces ? "sum" : "none";
}

std::string bottleneck_of(const BenchRow& row, const topology::Fabric& fabric) {
  return row.bottleneck.valid() ? fabric.name(row.bottleneck) : "latency";
}

std::string json_of(const study::Bench& bench, const topology::Fabric& fabric) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const BenchRow& row : bench.rows) {
    rows.push_back({{"bytes", row.bytes.in(units::B)},
                    {"time_us", row.time.in(units::us)},
                    {"algbw_GBps", row.algorithm_bandwidth().in(units::GB_per_s)},
                    {"busbw_GBps", (row.algorithm_bandwidth() * bench.bus_factor).in(units::GB_per_s)},
                    {"algorithm", row.algorithm},
                    {"protocol", row.protocol},
                    {"flows", row.flows},
                    {"bottleneck", bottleneck_of(row, fabric)}});
  }
  const nlohmann::ordered_json document{
      {"schema", "aifsim.collective/1"},
      {"operation", collective::name_of(bench.operation)},
      {"ranks", bench.ranks},
      {"rows", rows},
      {"run_cost",
       {{"cpu_s", process_cpu_time().in(units::s)}, {"peak_rss_bytes", process_peak_memory().in(units::B)}}}};
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::vector<std::string> cells_of(const study::Bench& bench, const BenchRow& row, const topology::Fabric& fabric) {
  const double algorithm = row.algorithm_bandwidth().in(units::GB_per_s);
  return {fmt::format("{:.0f}", row.bytes.in(units::B)),
          fmt::format("{:.0f}", std::floor(row.bytes.in(units::B) / 4)),
          "float",
          redop_of(bench.operation),
          fmt::format("{:.2f}", row.time.in(units::us)),
          fmt::format("{:.2f}", algorithm),
          fmt::format("{:.2f}", algorithm * bench.bus_factor),
          row.algorithm,
          row.protocol,
          bottleneck_of(row, fabric)};
}

constexpr std::array titles{"size",       "count",      "type",      "redop",    "time_us",
                            "algbw_GBps", "busbw_GBps", "algorithm", "protocol", "bottleneck"};

std::string csv_of(const study::Bench& bench, const topology::Fabric& fabric) {
  std::string text = fmt::format("{}\n", fmt::join(titles, ","));
  for (const BenchRow& row : bench.rows) text += fmt::format("{}\n", fmt::join(cells_of(bench, row, fabric), ","));
  return text;
}

std::string text_of(const study::Bench& bench, const topology::Fabric& fabric) {
  std::vector<report::Table::Column> columns;
  for (const char* title : titles) {
    const std::string_view name(title);
    const bool number = name == "size" || name == "count" || name.starts_with("time") || name.ends_with("GBps");
    columns.push_back({std::string(title), number ? report::Align::right : report::Align::left});
  }
  report::Table table(std::move(columns));
  for (const BenchRow& row : bench.rows) table.row(cells_of(bench, row, fabric));
  return fmt::format("{} on {} ranks, times as nccl-tests' out-of-place\n\n", collective::name_of(bench.operation),
                     bench.ranks) +
         table.text();
}

[[noreturn]] void refuse_sizes(const std::string& text) {
  throw ConfigError(Problem{.file = {},
                            .key = "--sizes",
                            .expected = "FROM:TO:xFACTOR, FROM:TO:STEP or one size, e.g. 8:16G:x2",
                            .got = '"' + text + '"',
                            .hint = {}});
}

double parse_size(const std::string& part, const std::string& text) {
  constexpr std::string_view prefixes = "KMGT";
  std::string digits = part;
  double unit = 1;
  if (!digits.empty() && digits.back() == 'B') digits.pop_back();
  if (!digits.empty() && digits.back() == 'i') digits.pop_back();
  if (!digits.empty() && prefixes.find(digits.back()) != std::string_view::npos) {
    unit = std::pow(1024.0, 1.0 + static_cast<double>(prefixes.find(digits.back())));
    digits.pop_back();
  }
  const bool whole =
      !digits.empty() && digits.size() < 16 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!whole || std::stod(digits) < 1) refuse_sizes(text);
  return std::stod(digits) * unit;
}

[[noreturn]] void refuse_imbalance(const std::string& text, std::size_t ranks) {
  throw ConfigError(Problem{.file = {},
                            .key = "--imbalance",
                            .expected = "a factor from 1 to the " + std::to_string(ranks) +
                                        " ranks, or as many numbers, none negative, separated by commas",
                            .got = '"' + text + '"',
                            .hint = {}});
}

study::BenchRequest request_of(const CollectiveOptions& options) {
  study::BenchRequest request{.operation = operation_named(options.operation),
                              .ranks = options.ranks,
                              .algorithm = options.algorithm,
                              .sizes = {},
                              .collnet = options.collnet,
                              .unfolded = options.unfolded};
  for (const double size : parse_sizes(options.sizes)) request.sizes.push_back(size * units::B);
  if (is_expert(options.operation) && options.algorithm == "auto") request.algorithm = "expert";
  if (options.algorithm.ends_with(".yaml")) request.steps = collective::load_step_list(options.algorithm);
  if (!options.imbalance.empty() && request.operation != collective::Operation::all_to_all_v) {
    throw ConfigError(Problem{.file = {},
                              .key = "--imbalance",
                              .expected = "--op all_to_all_v, moe_dispatch or moe_combine",
                              .got = options.operation,
                              .hint = {}});
  }
  return request;
}

}  // namespace

std::vector<double> parse_imbalance(const std::string& text, std::size_t ranks) {
  std::vector<double> weights;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, value);
    const bool number = error == std::errc{} && stop == text.data() + end && std::isfinite(value);
    if (!number || value < 0) refuse_imbalance(text, ranks);
    weights.push_back(value);
    at = end + 1;
  }
  const double all = static_cast<double>(ranks);
  if (weights.size() == 1) {
    const double most = weights.front();
    if (most < 1 || most > all) refuse_imbalance(text, ranks);
    weights.assign(ranks, (all - most) / (all - 1));
    weights.front() = most;
  }
  const bool nothing = std::all_of(weights.begin(), weights.end(), [](double weight) { return weight == 0; });
  if (weights.size() != ranks || nothing) refuse_imbalance(text, ranks);
  return weights;
}

std::vector<double> parse_sizes(const std::string& text) {
  constexpr std::size_t most_sizes = 10'000;
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == ':')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() == 1) return {parse_size(parts[0], text)};
  if (parts.size() != 3 || parts[2].empty()) refuse_sizes(text);
  const double last = parse_size(parts[1], text);
  const bool multiplied = parts[2].front() == 'x';
  const double step = parse_size(multiplied ? parts[2].substr(1) : parts[2], text);
  if (multiplied && step < 2) refuse_sizes(text);
  std::vector<double> sizes;
  for (double size = parse_size(parts[0], text); size <= last; size = multiplied ? size * step : size + step) {
    if (sizes.size() == most_sizes) refuse_sizes(text);
    sizes.push_back(size);
  }
  if (sizes.empty()) refuse_sizes(text);
  return sizes;
}

void collective_command(const CollectiveOptions& options) {
  study::BenchRequest request = request_of(options);
  const hardware::Platform platform = load_platform(options.platform, options.sets);
  warn_of_mid_run_faults(options.platform, platform);
  if (options.ranks > platform.gpu_count()) {
    throw ConfigError(Problem{.file = {},
                              .key = "--ranks",
                              .expected = "at most the platform's " + std::to_string(platform.gpu_count()) + " GPUs",
                              .got = std::to_string(options.ranks),
                              .hint = {}});
  }
  if (!options.imbalance.empty()) {
    const int ranks = options.ranks > 0 ? options.ranks : platform.gpu_count();
    request.weights = parse_imbalance(options.imbalance, static_cast<std::size_t>(ranks));
  }
  const topology::Topology topology = topology::build(platform);
  const auto executor = executor_for(options.network, topology.fabric);
  const study::Bench bench = study::run_bench(request, platform, topology, *executor);
  switch (options.format) {
    case CollectiveFormat::json: std::cout << json_of(bench, topology.fabric); break;
    case CollectiveFormat::csv: std::cout << csv_of(bench, topology.fabric); break;
    case CollectiveFormat::text: std::cout << text_of(bench, topology.fabric); break;
  }
}

}  // namespace aifsim::app
