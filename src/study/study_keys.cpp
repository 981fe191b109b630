#include "study/study_keys.hpp"

#include <array>

#include "report/json_keys.hpp"

namespace aifsim::study {
namespace {

constexpr std::array<std::string_view, 26> topology_keys{"devices.<kind>",
                                                         "switches[].tier",
                                                         "switches[].name",
                                                         "switches[].count",
                                                         "switches[].ports",
                                                         "cables[].tier",
                                                         "cables[].medium",
                                                         "cables[].count",
                                                         "cables[].length_m",
                                                         "transceivers",
                                                         "lasers",
                                                         "power_w",
                                                         "capex_usd",
                                                         "diameter_hops",
                                                         "mean_hops",
                                                         "path_diversity",
                                                         "pairs_walked",
                                                         "sampled",
                                                         "bisection_bytes_per_s_per_gpu",
                                                         "oversubscription.<tier>",
                                                         "link_failures_per_day",
                                                         "hottest_channels[].channel",
                                                         "hottest_channels[].bytes_per_byte_sent",
                                                         "hottest_channels[].bytes_per_s_per_gpu",
                                                         "unknown[]",
                                                         "schema"};
constexpr std::array<std::string_view, 11> collective_keys{"operation",
                                                           "ranks",
                                                           "rows[].bytes",
                                                           "rows[].time_us",
                                                           "rows[].algbw_GBps",
                                                           "rows[].busbw_GBps",
                                                           "rows[].algorithm",
                                                           "rows[].protocol",
                                                           "rows[].bottleneck",
                                                           "run_cost.<figure>",
                                                           "schema"};
constexpr std::array<std::string_view, 18> traffic_keys{"pattern",
                                                        "gpus",
                                                        "flows",
                                                        "bytes",
                                                        "completion_s",
                                                        "mean_flow_s",
                                                        "p99_flow_s",
                                                        "bytes_per_s_per_gpu",
                                                        "reference",
                                                        "reference_bytes_per_s_per_gpu",
                                                        "achieved",
                                                        "channels_used",
                                                        "hottest[].channel",
                                                        "hottest[].busy",
                                                        "hottest[].bytes",
                                                        "run_cost.<figure>",
                                                        "schema",
                                                        "failed[].<figure>"};

bool is_position(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view cut(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view word = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return word;
}

}  // namespace

std::string_view result_root(std::string_view command) { return command == "run" ? "jobs.0" : ""; }

std::vector<std::string_view> result_keys(std::string_view command) {
  if (command == "topology") return {topology_keys.begin(), topology_keys.end()};
  if (command == "collective") return {collective_keys.begin(), collective_keys.end()};
  if (command == "traffic") return {traffic_keys.begin(), traffic_keys.end()};
  constexpr std::string_view root = "jobs[].";
  std::vector<std::string_view> keys;
  for (const report::JsonKey& key : report::run_json_keys()) {
    if (key.path.starts_with(root)) keys.push_back(key.path.substr(root.size()));
  }
  return keys;
}

bool fits(std::string_view pattern, std::string_view key) {
  while (!pattern.empty() && !key.empty()) {
    std::string_view wanted = cut(pattern);
    if (wanted.starts_with('<') && pattern.empty()) return true;
    const bool list = wanted.ends_with("[]");
    if (list) wanted.remove_suffix(2);
    if (const std::string_view word = cut(key); word != wanted && !wanted.starts_with('<')) return false;
    if (list && !is_position(cut(key))) return false;
  }
  return pattern.empty() && key.empty();
}

}  // namespace aifsim::study
