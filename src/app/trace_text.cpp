#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "app/trace_report.hpp"
#include "report/human.hpp"
#include "report/table.hpp"

namespace aifsim::app {
namespace {

using report::Align;
using report::human_count;
using serving::LengthCounts;
using serving::TraceSummary;

std::string rate_text(double per_second) {
  return per_second >= 1000 ? human_count(per_second) + "/s" : fmt::format("{:.3g}/s", per_second);
}

std::string span_text(Seconds time) {
  return time >= units::hour      ? fmt::format("{:.2f} h", time.in(units::hour))
         : time >= 120 * units::s ? fmt::format("{:.1f} min", time.in(60 * units::s))
                                  : report::human(time);
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
  for (const auto& bin : bins)
    values.push_back(static_cast<double>(bin.requests) / summary.series.width().in(units::s));
  double top = 0;
  for (const double value : values) top = std::max(top, value);
  return fmt::format("\nRequests over time (one column: {}, highest {})\n", report::human(summary.series.width()),
                     rate_text(top)) +
         chart(values) +
         fmt::format("  0{:>{}}\n", span_text(summary.duration()),
                     static_cast<int>(std::max<std::size_t>(values.size(), 12)) - 1);
}

std::string lengths(const TraceSummary& summary) {
  std::vector<report::Table::Column> columns{{"tokens"}};
  for (const char* title : {"total", "mean", "min", "p10", "p50", "p90", "p99", "max"})
    columns.push_back({title, Align::right});
  report::Table table(std::move(columns));
  const auto add = [&](const char* name, const LengthCounts& counts) {
    table.row({name, human_count(counts.total()), human_count(counts.mean()), human_count(counts.least()),
               human_count(counts.percentile(0.1)), human_count(counts.percentile(0.5)),
               human_count(counts.percentile(0.9)), human_count(counts.percentile(0.99)), human_count(counts.most())});
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
    table.row({human_count(std::exp2(static_cast<double>(bin))), cell(in[bin]), bar, cell(out[bin]),
               report::bar(out[bin] / top, width)});
  }
  return '\n' + table.text();
}

std::string reuse(const TraceCommandOptions& options, const TraceSummary& summary) {
  const serving::CacheModel& cache = summary.cache;
  if (cache.blocks() == 0) return {};
  const auto share = [&](std::uint64_t size) { return ratio(cache.found(size), cache.blocks()); };
  const double best = ratio(cache.found_without_limit(), cache.blocks());
  std::string text =
      fmt::format("\nReuse of prompt blocks ({} tokens each): {} asked for, {} distinct\n", summary.block_tokens,
                  human_count(static_cast<double>(cache.blocks())), human_count(static_cast<double>(cache.distinct())));
  report::Table table({{"LRU cache, blocks", Align::right}, {"tokens", Align::right}, {"found", Align::right}, {""}});
  const auto add = [&](std::uint64_t size, const char* mark) {
    table.row({human_count(static_cast<double>(size)) + mark,
               human_count(static_cast<double>(size) * summary.block_tokens), report::human_percent(share(size)),
               report::bar(share(size), 40)});
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

std::string kinds(const InspectedTrace& trace) {
  if (trace.tally.labels.size() < 2) return {};
  const TraceSummary& summary = trace.summary;
  report::Table table({{"kind"}, {"requests", Align::right}, {"share", Align::right}, {""}});
  for (std::size_t i = 0; i < trace.tally.labels.size(); ++i) {
    const double share = ratio(trace.tally.requests[i], summary.requests);
    table.row({trace.tally.labels[i], human_count(static_cast<double>(trace.tally.requests[i])),
               report::human_percent(share), report::bar(share, 40)});
  }
  return '\n' + table.text();
}

std::string figures(const InspectedTrace& trace) {
  const TraceSummary& summary = trace.summary;
  report::Table table({{""}, {"", Align::right}, {""}});
  table.row({"requests", human_count(static_cast<double>(summary.requests)), ""});
  if (trace.tally.skipped > 0)
    table.row({"failed, left out", human_count(static_cast<double>(trace.tally.skipped)), ""});
  table.row({"duration", report::human(summary.duration()),
             summary.duration() >= 120 * units::s ? span_text(summary.duration()) : ""});
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
               fmt::format("{} image tokens each",
                           human_count(summary.image_tokens / static_cast<double>(summary.with_images)))});
  }
  if (!summary.adapters.empty()) table.row({"adapters", human_count(static_cast<double>(summary.adapters.size())), ""});
  return table.text();
}

}  // namespace

std::string text_of_trace(const TraceCommandOptions& options, const InspectedTrace& trace) {
  const TraceSummary& summary = trace.summary;
  std::string text = options.file + " (" + trace.format + ")\n\n" + figures(trace) + rates(summary) + lengths(summary) +
                     histogram(summary.input, summary.output) + kinds(trace) + reuse(options, summary);
  for (const std::string& note : trace.tally.notes) text += "\nNote: " + report::wrapped(note, 92, 6) + '\n';
  return text;
}

}  // namespace aifsim::app
