#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/trace_report.hpp"

namespace aifsim::app {
namespace {

using serving::LengthCounts;
using serving::TraceSummary;

constexpr std::size_t shown_sizes = 12;  // of caches

nlohmann::ordered_json json_of_lengths(const LengthCounts& lengths) {
  return {{"total", lengths.total()},        {"mean", lengths.mean()},         {"min", lengths.least()},
          {"p10", lengths.percentile(0.1)},  {"p50", lengths.percentile(0.5)}, {"p90", lengths.percentile(0.9)},
          {"p99", lengths.percentile(0.99)}, {"max", lengths.most()}};
}

nlohmann::ordered_json json_of_series(const TraceSummary& summary) {
  nlohmann::ordered_json series = nlohmann::ordered_json::array();
  const double width = summary.series.width().in(units::s);
  double start = 0;
  for (const auto& bin : summary.series.bins()) {
    series.push_back({{"start_s", start},
                      {"requests_per_s", static_cast<double>(bin.requests) / width},
                      {"input_tokens_per_s", bin.input_tokens / width},
                      {"output_tokens_per_s", bin.output_tokens / width}});
    start += width;
  }
  return series;
}

void add_reuse(nlohmann::ordered_json& document, const TraceCommandOptions& options, const TraceSummary& summary) {
  const serving::CacheModel& cache = summary.cache;
  if (cache.blocks() == 0) return;
  document["block_tokens"] = summary.block_tokens;
  document["blocks"] = cache.blocks();
  document["distinct_blocks"] = cache.distinct();
  document["infinite_cache_hit_ratio"] = ratio(cache.found_without_limit(), cache.blocks());
  if (options.cache_blocks > 0) {
    document["cache_blocks"] = options.cache_blocks;
    document["cache_hit_ratio"] = ratio(cache.found(options.cache_blocks), cache.blocks());
  }
  nlohmann::ordered_json curve = nlohmann::ordered_json::array();
  for (const std::uint64_t size : cache_sizes(cache)) {
    curve.push_back({{"blocks", size}, {"hit_ratio", ratio(cache.found(size), cache.blocks())}});
  }
  document["cache_curve"] = curve;
}

}  // namespace

std::string json_of_trace(const TraceCommandOptions& options, const InspectedTrace& trace) {
  const TraceSummary& summary = trace.summary;
  nlohmann::ordered_json document{{"schema", "aifsim.trace/1"},
                                  {"file", options.file},
                                  {"format", trace.format},
                                  {"requests", summary.requests},
                                  {"skipped", trace.tally.skipped},
                                  {"duration_s", summary.duration().in(units::s)},
                                  {"rate_per_s", summary.rate_per_s()}};
  if (const auto cv = summary.gap_cv()) document["gap_cv"] = *cv;
  document["input_tokens"] = json_of_lengths(summary.input);
  document["output_tokens"] = json_of_lengths(summary.output);
  add_reuse(document, options, summary);
  if (!summary.sessions.empty()) {
    document["sessions"] = summary.sessions.size();
    std::uint64_t turns = 0;
    std::uint32_t longest = 0;
    for (const auto& [session, count] : summary.sessions) {
      turns += count;
      longest = std::max(longest, count);
    }
    document["turns"] = {{"mean", ratio(turns, summary.sessions.size())}, {"max", longest}};
  }
  if (!trace.tally.labels.empty()) {
    nlohmann::ordered_json labels;
    for (std::size_t i = 0; i < trace.tally.labels.size(); ++i) labels[trace.tally.labels[i]] = trace.tally.requests[i];
    document["labels"] = labels;
  }
  if (summary.with_images > 0)
    document["images"] = {{"requests", summary.with_images}, {"tokens", summary.image_tokens}};
  if (!summary.adapters.empty()) {
    nlohmann::ordered_json adapters;
    for (const auto& [adapter, count] : summary.adapters) adapters[std::to_string(adapter)] = count;
    document["adapters"] = adapters;
  }
  document["series_width_s"] = summary.series.width().in(units::s);
  document["series"] = json_of_series(summary);
  document["notes"] = trace.tally.notes;
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::vector<std::uint64_t> cache_sizes(const serving::CacheModel& cache) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t size = 1;
  while (size < cache.distinct()) size *= 2;
  for (std::size_t i = 0; i < shown_sizes && size >= 1; ++i, size /= 2) sizes.push_back(size);
  std::reverse(sizes.begin(), sizes.end());
  return sizes;
}

}  // namespace aifsim::app
