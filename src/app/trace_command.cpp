#include "app/trace_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/terminal.hpp"
#include "base/error.hpp"
#include "config/node.hpp"
#include "report/human.hpp"
#include "report/table.hpp"
#include "serving/request_plan.hpp"
#include "serving/sources/trace_summary.hpp"

namespace aifsim::app {
namespace {

using report::Align;
using report::human_count;
using serving::LengthCounts;
using serving::TraceSummary;
using serving::TraceTally;

constexpr std::size_t shown_sizes = 12;  // of caches

struct Inspected {
  std::string format;
  bool answered_at_once = false;  // the source waits for answers
  TraceSummary summary;
  TraceTally tally;
};

bool is_yaml(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

std::string yaml_text(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string format_names() {
  std::string names;
  for (const serving::TraceFormat& format : serving::trace_formats()) {
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  return names;
}

serving::RequestPlan plan_of_yaml(const TraceCommandOptions& options) {
  std::vector<config::Override> overrides;
  for (const std::string& text : options.sets) {
    config::Override entry = config::parse_override(text);
    if (!entry.key.starts_with("requests.")) entry.key = "requests." + entry.key;
    overrides.push_back(std::move(entry));
  }
  const config::Document document = config::Document::load(options.file, overrides);
  serving::RequestPlan plan = serving::read_request_plan(document.root().required("requests"));
  document.check();
  return plan;
}

// The trace as it is, unless --set says otherwise.
serving::RequestPlan plan_of_trace(const TraceCommandOptions& options) {
  const serving::TraceFormat* format = serving::detect_trace(options.file);
  std::vector<config::Override> overrides{{"trace", yaml_text(options.file)}};
  bool names_format = false;
  for (const std::string& text : options.sets) {
    config::Override entry = config::parse_override(text);
    if (entry.key.starts_with("requests.")) entry.key.erase(0, std::string_view("requests.").size());
    names_format = names_format || entry.key == "format";
    overrides.push_back(std::move(entry));
  }
  if (format == nullptr && !names_format) {
    throw ConfigError(Problem{options.file, 0, 0, "", "a request trace (" + format_names() + ") or a YAML file with `requests`",
                              "a file of another kind", ""});
  }
  // Lengths without times are looked at all the same.
  const bool timeless = format != nullptr && !format->open(options.file, options.seed)->has_arrivals();
  if (timeless) overrides.insert(overrides.begin() + 1, {"arrivals", "all-at-once"});
  const config::Document document = config::Document::parse("{}", options.file, overrides);
  serving::RequestPlan plan = serving::read_request_plan(document.root());
  document.check();
  return plan;
}

Inspected inspect(const TraceCommandOptions& options) {
  const serving::RequestPlan plan = is_yaml(options.file) ? plan_of_yaml(options) : plan_of_trace(options);
  Inspected result;
  result.format = plan.trace ? std::string(plan.trace->format->name) : "synthetic";
  const auto source = serving::make_requests(plan, options.seed, &result.tally);
  // A request is answered when it arrives: a source that waits for answers goes on at once.
  while (source->next_arrival()) {
    const serving::Request request = source->take();
    result.summary.add(request);
    source->ended(request, request.prompt.arrival);
  }
  const bool turns = plan.prompts && plan.prompts->turns;
  result.answered_at_once = turns || plan.arrivals.law == serving::ArrivalLaw::closed_loop;
  if (result.answered_at_once) result.tally.notes.emplace_back("every request is taken as answered at once: times are those of no service");
  if (result.summary.requests == 0) {
    throw ConfigError(Problem{options.file, 0, 0, "", "requests", result.tally.skipped > 0 ? "failed ones only" : "none", ""});
  }
  return result;
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

// Powers of two up to what holds every block, and that.
std::vector<std::uint64_t> cache_sizes(const serving::CacheModel& cache) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t size = 1;
  while (size < cache.distinct()) size *= 2;
  for (std::size_t i = 0; i < shown_sizes && size >= 1; ++i, size /= 2) sizes.push_back(size);
  std::reverse(sizes.begin(), sizes.end());
  return sizes;
}

nlohmann::ordered_json json_of_lengths(const LengthCounts& lengths) {
  return {{"total", lengths.total()},          {"mean", lengths.mean()},
          {"min", lengths.least()},            {"p10", lengths.percentile(0.1)},
          {"p50", lengths.percentile(0.5)},    {"p90", lengths.percentile(0.9)},
          {"p99", lengths.percentile(0.99)},   {"max", lengths.most()}};
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

std::string json_of(const TraceCommandOptions& options, const Inspected& inspected) {
  const TraceSummary& summary = inspected.summary;
  nlohmann::ordered_json document{{"schema", "aifsim.trace/1"},
                                  {"file", options.file},
                                  {"format", inspected.format},
                                  {"requests", summary.requests},
                                  {"skipped", inspected.tally.skipped},
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
  if (!inspected.tally.labels.empty()) {
    nlohmann::ordered_json labels;
    for (std::size_t i = 0; i < inspected.tally.labels.size(); ++i) labels[inspected.tally.labels[i]] = inspected.tally.requests[i];
    document["labels"] = labels;
  }
  if (summary.with_images > 0) document["images"] = {{"requests", summary.with_images}, {"tokens", summary.image_tokens}};
  if (!summary.adapters.empty()) {
    nlohmann::ordered_json adapters;
    for (const auto& [adapter, count] : summary.adapters) adapters[std::to_string(adapter)] = count;
    document["adapters"] = adapters;
  }
  document["series_width_s"] = summary.series.width().in(units::s);
  document["series"] = json_of_series(summary);
  document["notes"] = inspected.tally.notes;
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

// ---- text

std::string rate_text(double per_second) {
  return per_second >= 1000 ? human_count(per_second) + "/s" : fmt::format("{:.3g}/s", per_second);
}

std::string span_text(Seconds time) {
  return time >= units::hour ? fmt::format("{:.2f} h", time.in(units::hour)) : time >= 120 * units::s ? fmt::format("{:.1f} min", time.in(60 * units::s)) : report::human(time);
}

// Columns of blocks, four lines high.
std::string chart(const std::vector<double>& values) {
  static constexpr std::array<const char*, 9> levels{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr int rows = 4;
  double top = 0;
  for (const double value : values) top = std::max(top, value);
  std::string text;
  for (int row = rows - 1; row >= 0; --row) {
    text += "  ";
    std::string line;
    std::size_t used = 0;
    for (const double value : values) {
      const double height = top > 0 ? value / top * rows * 8 : 0;
      const int eighths = value > 0 ? std::max(1, static_cast<int>(height + 0.5)) : 0;
      line += levels[static_cast<std::size_t>(std::clamp(eighths - row * 8, 0, 8))];
      if (line.back() != ' ') used = line.size();
    }
    text += line.substr(0, used);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

std::string rates(const TraceSummary& summary) {
  const auto& bins = summary.series.bins();
  if (bins.size() < 2) return {};
  std::vector<double> values;
  for (const auto& bin : bins) values.push_back(static_cast<double>(bin.requests) / summary.series.width().in(units::s));
  double top = 0;
  for (const double value : values) top = std::max(top, value);
  return fmt::format("\nRequests over time (one column: {}, highest {})\n", report::human(summary.series.width()), rate_text(top)) +
         chart(values) + fmt::format("  0{:>{}}\n", span_text(summary.duration()), static_cast<int>(std::max<std::size_t>(values.size(), 12)) - 1);
}

std::string lengths(const TraceSummary& summary) {
  std::vector<report::Table::Column> columns{{"tokens"}};
  for (const char* title : {"total", "mean", "min", "p10", "p50", "p90", "p99", "max"}) columns.push_back({title, Align::right});
  report::Table table(std::move(columns));
  const auto add = [&](const char* name, const LengthCounts& counts) {
    table.row({name, human_count(counts.total()), human_count(counts.mean()), human_count(counts.least()),
               human_count(counts.percentile(0.1)), human_count(counts.percentile(0.5)), human_count(counts.percentile(0.9)),
               human_count(counts.percentile(0.99)), human_count(counts.most())});
  };
  add("input", summary.input);
  add("output", summary.output);
  return '\n' + table.text();
}

// Shares of requests of up to 2^bin tokens and more than half of that.
std::array<double, 31> shares_by_length(const LengthCounts& counts) {
  std::array<double, 31> shares{};
  for (const auto& [tokens, count] : counts.counts()) {
    std::size_t bin = 0;
    while (bin + 1 < shares.size() && (1 << bin) < tokens) ++bin;
    shares[bin] += ratio(count, counts.count());
  }
  return shares;
}

std::string histogram(const LengthCounts& input, const LengthCounts& output) {
  constexpr std::size_t width = 24;
  const auto in = shares_by_length(input);
  const auto out = shares_by_length(output);
  double top = 0;
  std::size_t first = in.size();
  std::size_t last = 0;
  for (std::size_t bin = 0; bin < in.size(); ++bin) {
    const double most = std::max(in[bin], out[bin]);
    top = std::max(top, most);
    if (most > 0) first = std::min(first, bin);
    if (most > 0) last = bin;
  }
  report::Table table({{"tokens up to", Align::right}, {"input", Align::right}, {""}, {"output", Align::right}, {""}});
  const auto cell = [](double value) { return value > 0 ? report::human_percent(value) : ""; };
  for (std::size_t bin = first; bin <= last; ++bin) {
    std::string bar = report::bar(in[bin] / top, width);
    bar += std::string(width - report::display_width(bar), ' ');
    table.row({human_count(std::exp2(static_cast<double>(bin))), cell(in[bin]), bar, cell(out[bin]), report::bar(out[bin] / top, width)});
  }
  return '\n' + table.text();
}

std::string reuse(const TraceCommandOptions& options, const TraceSummary& summary) {
  const serving::CacheModel& cache = summary.cache;
  if (cache.blocks() == 0) return {};
  const auto share = [&](std::uint64_t size) { return ratio(cache.found(size), cache.blocks()); };
  const double best = ratio(cache.found_without_limit(), cache.blocks());
  std::string text = fmt::format("\nReuse of prompt blocks ({} tokens each): {} asked for, {} distinct\n", summary.block_tokens,
                                 human_count(static_cast<double>(cache.blocks())), human_count(static_cast<double>(cache.distinct())));
  report::Table table({{"LRU cache, blocks", Align::right}, {"tokens", Align::right}, {"found", Align::right}, {""}});
  const auto add = [&](std::uint64_t size, const char* mark) {
    table.row({human_count(static_cast<double>(size)) + mark, human_count(static_cast<double>(size) * summary.block_tokens),
               report::human_percent(share(size)), report::bar(share(size), 40)});
  };
  bool shown = options.cache_blocks == 0;
  for (const std::uint64_t size : cache_sizes(cache)) {
    if (!shown && options.cache_blocks <= size) {
      add(options.cache_blocks, " *");
      shown = true;
      if (options.cache_blocks == size) continue;
    }
    add(size, "");
  }
  if (!shown) add(options.cache_blocks, " *");
  table.row({"without limit", "", report::human_percent(best), report::bar(best, 40)});
  return text + table.text();
}

std::string kinds(const Inspected& inspected) {
  if (inspected.tally.labels.size() < 2) return {};
  const TraceSummary& summary = inspected.summary;
  report::Table table({{"kind"}, {"requests", Align::right}, {"share", Align::right}, {""}});
  for (std::size_t i = 0; i < inspected.tally.labels.size(); ++i) {
    const double share = ratio(inspected.tally.requests[i], summary.requests);
    table.row({inspected.tally.labels[i], human_count(static_cast<double>(inspected.tally.requests[i])),
               report::human_percent(share), report::bar(share, 40)});
  }
  return '\n' + table.text();
}

std::string figures(const Inspected& inspected) {
  const TraceSummary& summary = inspected.summary;
  report::Table table({{""}, {"", Align::right}, {""}});
  table.row({"requests", human_count(static_cast<double>(summary.requests)), ""});
  if (inspected.tally.skipped > 0) table.row({"failed, left out", human_count(static_cast<double>(inspected.tally.skipped)), ""});
  table.row({"duration", report::human(summary.duration()), summary.duration() >= 120 * units::s ? span_text(summary.duration()) : ""});
  if (summary.rate_per_s() > 0) {
    table.row({"rate", rate_text(summary.rate_per_s()), ""});
    const double seconds = summary.duration().in(units::s);
    table.row({"input tokens", rate_text(summary.input.total() / seconds), ""});
    table.row({"output tokens", rate_text(summary.output.total() / seconds), ""});
  }
  if (const auto cv = summary.gap_cv()) table.row({"CV of gaps", fmt::format("{:.2f}", *cv), "1 is Poisson"});
  if (!summary.sessions.empty()) {
    std::uint64_t turns = 0;
    for (const auto& [session, count] : summary.sessions) turns += count;
    table.row({"conversations", human_count(static_cast<double>(summary.sessions.size())),
               fmt::format("{:.1f} turns each", ratio(turns, summary.sessions.size()))});
  }
  if (summary.with_images > 0) {
    table.row({"with images", human_count(static_cast<double>(summary.with_images)),
               fmt::format("{} image tokens each", human_count(summary.image_tokens / static_cast<double>(summary.with_images)))});
  }
  if (!summary.adapters.empty()) table.row({"adapters", human_count(static_cast<double>(summary.adapters.size())), ""});
  return table.text();
}

std::string text_of(const TraceCommandOptions& options, const Inspected& inspected) {
  const TraceSummary& summary = inspected.summary;
  std::string text = options.file + " (" + inspected.format + ")\n\n" + figures(inspected) + rates(summary) + lengths(summary) +
                     histogram(summary.input, summary.output) + kinds(inspected) + reuse(options, summary);
  for (const std::string& note : inspected.tally.notes) text += "\nNote: " + report::wrapped(note, 92, 6) + '\n';
  return text;
}

}  // namespace

void trace_command(const TraceCommandOptions& options) {
  const Inspected inspected = inspect(options);
  std::cout << (options.format == TraceOutput::json ? json_of(options, inspected) : text_of(options, inspected));
}

bool is_trace_file(const std::string& path) {
  return path.ends_with(".jsonl") || path.ends_with(".csv");
}

std::string check_trace_file(const std::string& path) {
  return inspect({.file = path, .sets = {}}).format;
}

}  // namespace aifsim::app
