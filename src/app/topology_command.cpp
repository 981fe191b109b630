#include "app/topology_command.hpp"

#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "app/inputs.hpp"
#include "app/terminal.hpp"
#include "report/human.hpp"
#include "report/table.hpp"
#include "topology/export.hpp"
#include "topology/summary.hpp"

namespace aifsim::app {
namespace {

using Json = nlohmann::ordered_json;

struct Summary {
  topology::Inventory parts;
  topology::PathStatistics paths;
  BytesPerSecond bisection;
};

// Memory is sold in powers of two, drives are not.
std::string capacity_text(const topology::StorageCount& entry) {
  if (entry.capacity <= Bytes{}) return {};
  if (entry.kind != "host-memory") return report::human(entry.capacity);
  return fmt::format("{:.3g} TiB", entry.capacity.in(units::TiB));
}

Json json_of(const std::vector<topology::StorageCount>& storage) {
  Json list = Json::array();
  for (const topology::StorageCount& entry : storage) {
    const auto known = [](double value) { return value > 0 ? Json(value) : Json(); };
    list.push_back({{"kind", entry.kind},
                    {"name", entry.name},
                    {"node_type", entry.node_type},
                    {"count", entry.count},
                    {"capacity_bytes", known(entry.capacity.in(units::B))},
                    {"read_bytes_per_s", known(entry.read.in(units::B_per_s))},
                    {"write_bytes_per_s", known(entry.write.in(units::B_per_s))},
                    {"latency_s", known(entry.latency.in(units::s))}});
  }
  return list;
}

Json json_of(const Summary& summary, const topology::Topology& topology) {
  const topology::Inventory& parts = summary.parts;
  Json devices = Json::object();
  for (const auto& [kind, count] : parts.devices) devices[kind] = count;
  Json switches = Json::array();
  for (const topology::SwitchCount& entry : parts.switches) {
    const Json ports = entry.ports > 0 ? Json(entry.ports) : Json();
    switches.push_back({{"tier", entry.tier}, {"name", entry.name}, {"count", entry.count}, {"ports", ports}});
  }
  Json cables = Json::array();
  for (const topology::CableCount& entry : parts.cables) {
    cables.push_back(
        {{"tier", entry.tier}, {"medium", entry.medium}, {"count", entry.count}, {"length_m", entry.metres}});
  }
  Json ratios = Json::object();
  for (const topology::TierCount& tier : topology.tiers) {
    if (tier.oversubscription > 0) ratios[tier.tier] = tier.oversubscription;
  }
  Json hottest = Json::array();
  for (const topology::HotChannel& hot : summary.paths.hottest) {
    hottest.push_back({{"channel", topology.fabric.name(hot.channel)},
                       {"bytes_per_byte_sent", hot.load},
                       {"bytes_per_s_per_gpu", hot.rate.in(units::B_per_s)}});
  }
  return {{"schema", "aifsim.topology/1"},
          {"devices", devices},
          {"switches", switches},
          {"cables", cables},
          {"storage", json_of(parts.storage)},
          {"transceivers", parts.transceivers},
          {"lasers", parts.lasers},
          {"power_w", parts.power.in(units::W)},
          {"capex_usd", parts.capex.in(units::usd)},
          {"diameter_hops", summary.paths.diameter_hops},
          {"mean_hops", summary.paths.mean_hops},
          {"path_diversity", summary.paths.path_diversity},
          {"bisection_bytes_per_s_per_gpu", summary.bisection.in(units::B_per_s)},
          {"oversubscription", ratios},
          {"link_failures_per_day", parts.link_failures_per_day},
          {"hottest_channels", hottest},
          {"pairs_walked", summary.paths.pairs},
          {"sampled", summary.paths.sampled},
          {"unknown", parts.unknown}};
}

std::string rate(BytesPerSecond value) { return fmt::format("{:.2f} GB/s", value.in(units::GB_per_s)); }

std::string storage_table(const std::vector<topology::StorageCount>& storage) {
  using report::Align;
  if (storage.empty()) return {};
  report::Table table({{"storage"},
                       {"part"},
                       {"in"},
                       {"count", Align::right},
                       {"capacity", Align::right},
                       {"read", Align::right},
                       {"write", Align::right},
                       {"latency", Align::right}});
  const auto known = [](BytesPerSecond value) { return value > BytesPerSecond{} ? rate(value) : std::string(); };
  for (const topology::StorageCount& entry : storage) {
    table.row({entry.kind, entry.name, entry.node_type, report::human_count(static_cast<double>(entry.count)),
               capacity_text(entry), known(entry.read), known(entry.write),
               entry.latency > Seconds{} ? report::human(entry.latency) : ""});
  }
  return table.text() + '\n';
}

std::string tables_of(const Summary& summary, const topology::Topology& topology) {
  using report::Align;
  using report::human_count;
  report::Table devices({{"devices"}, {"count", Align::right}});
  for (const auto& [kind, count] : summary.parts.devices) {
    devices.row({kind, human_count(static_cast<double>(count))});
  }
  report::Table switches(
      {{"tier"}, {"switch"}, {"count", Align::right}, {"ports", Align::right}, {"oversubscription", Align::right}});
  for (const topology::SwitchCount& entry : summary.parts.switches) {
    std::string ratio;
    for (const topology::TierCount& tier : topology.tiers) {
      if (tier.tier == entry.tier && tier.oversubscription > 0) ratio = fmt::format("{:.3g}", tier.oversubscription);
    }
    switches.row({entry.tier, entry.name, human_count(static_cast<double>(entry.count)),
                  entry.ports > 0 ? std::to_string(entry.ports) : "", ratio});
  }
  report::Table cables({{"tier"}, {"medium"}, {"cables", Align::right}, {"length", Align::right}});
  for (const topology::CableCount& entry : summary.parts.cables) {
    cables.row({entry.tier, entry.medium, human_count(static_cast<double>(entry.count)),
                entry.metres > 0 ? fmt::format("{:g} m", entry.metres) : "inside"});
  }
  report::Table hottest({{"hottest under all-to-all"}, {"per GPU", Align::right}});
  for (const topology::HotChannel& hot : summary.paths.hottest) {
    hottest.row({topology.fabric.name(hot.channel), rate(hot.rate)});
  }
  return devices.text() + '\n' + switches.text() + '\n' + cables.text() + '\n' + storage_table(summary.parts.storage) +
         hottest.text() + '\n';
}

std::string text_of(const std::string& name, const Summary& summary, const topology::Topology& topology) {
  using report::human_count;
  const topology::Inventory& parts = summary.parts;
  report::Table figures({{""}, {"", report::Align::right}});
  figures.row({"transceivers", human_count(parts.transceivers)});
  figures.row({"lasers", human_count(parts.lasers)});
  figures.row({"network power", fmt::format("{:.1f} kW", parts.power.in(units::kW))});
  figures.row({"network price", human_count(parts.capex.in(units::usd)) + " $"});
  figures.row({"link failures a day", fmt::format("{:.3g}", parts.link_failures_per_day)});
  figures.row({"diameter", fmt::format("{} hops", summary.paths.diameter_hops)});
  figures.row({"mean path", fmt::format("{:.2f} hops", summary.paths.mean_hops)});
  figures.row({"path diversity", human_count(static_cast<double>(summary.paths.path_diversity))});
  figures.row({"bisection per GPU", rate(summary.bisection)});
  std::string text = name + "\n\n" + tables_of(summary, topology) + figures.text();
  if (summary.paths.sampled) {
    text += fmt::format("\nPaths sampled: {} pairs.\n", human_count(static_cast<double>(summary.paths.pairs)));
  }
  if (!parts.unknown.empty())
    text += "\nNot known, and left out: " + fmt::format("{}", fmt::join(parts.unknown, ", ")) + ".\n";
  return text;
}

}  // namespace

void topology_command(const TopologyOptions& options) {
  const hardware::Platform platform = load_platform(options.platform, options.sets);
  warn_of_mid_run_faults(options.platform, platform);
  const topology::Topology topology = topology::build(platform);
  if (options.format == TopologyFormat::dot) return topology::write_dot(topology.fabric, std::cout);
  if (options.format == TopologyFormat::graphml) return topology::write_graphml(topology.fabric, std::cout);
  const Summary summary{topology::take_inventory(platform, topology), topology::walk_all_to_all(topology),
                        topology::bisection_per_gpu(topology)};
  if (options.format == TopologyFormat::json) {
    std::cout << json_of(summary, topology).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    std::cout << text_of(platform.name, summary, topology);
  }
}

}  // namespace aifsim::app
