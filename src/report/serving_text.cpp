#include "report/serving_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "report/human.hpp"
#include "report/table.hpp"

namespace aifsim::report {
namespace {

using metrics::ServingReport;

constexpr std::size_t shown_bottlenecks = 8;  // of each figure
constexpr std::size_t chart_width = 72;
constexpr std::size_t bar_width = 30;

std::string escape(const Pen& pen, const char* code) { return pen.on ? code : ""; }

std::string header(const metrics::RunReport& report, const ServingReport& service, const Pen& pen) {
  std::string text = pen.rule(fmt::format("{} on {}", service.name, report.platform_name));
  text += "  " +
          wrapped(fmt::format("{} · {} GPUs of the job", report.platform_summary,
                              human_count(static_cast<double>(service.gpus))),
                  page_width - 2, 2) +
          '\n';
  text += "  " +
          wrapped(fmt::format("{} · {} · {} · {}", service.model, service.precision, service.engine, service.layout),
                  page_width - 2, 2) +
          '\n';
  if (!service.package.empty()) text += "  " + wrapped("package: " + service.package, page_width - 2, 2) + '\n';
  return text + '\n';
}

std::string counts(const ServingReport& service) {
  std::string text = fmt::format("{} requests: {} completed", human_count(static_cast<double>(service.requests)),
                                 human_count(static_cast<double>(service.completed)));
  if (service.measured != service.completed) {
    text += fmt::format(" ({} after the warm-up are measured)", human_count(static_cast<double>(service.measured)));
  }
  text += fmt::format(", {} rejected", human_count(static_cast<double>(service.rejected)));
  for (const std::string& reason : service.rejections) text += fmt::format(" ({})", reason);
  if (service.preemptions > 0)
    text += fmt::format(", {} preemptions", human_count(static_cast<double>(service.preemptions)));
  text += fmt::format(" in {}", human(service.duration));
  if (service.transferred > Bytes{}) {
    text += fmt::format("; {} of KV cache moved from prefill to decode, {} each", human(service.transferred),
                        human(service.transfer_mean));
  }
  if (service.images > 0) {
    text += fmt::format("; {} images of {} tokens each, {} of them encoded", human_count(service.images),
                        human_count(service.image_tokens / service.images), human_count(service.encoded_images));
  }
  return "  " + wrapped(text, page_width - 2, 2) + "\n\n";
}

std::string headline(const ServingReport& service, const Pen& pen) {
  const bool level = service.slo_ttft > Seconds{} || service.slo_tpot > Seconds{};
  Table table({{"output tokens/s"},
               {"per GPU"},
               {"requests/s"},
               {level ? "goodput/s" : "total tokens/s"},
               {"prefix hits"},
               {"running"},
               {"batch"}});
  const double seconds = std::max(1e-9, service.duration.in(units::s));
  table.row({human_count(service.output_tokens_per_s), fmt::format("{:.1f}", service.output_tokens_per_s_per_gpu),
             fmt::format("{:.3g}", service.requests_per_s),
             level ? fmt::format("{:.3g}", service.goodput_rps)
                   : human_count((service.input_tokens + service.output_tokens) / seconds),
             human_percent(service.prefix_hit_ratio), fmt::format("{:.1f}", service.mean_running),
             fmt::format("{:.1f}", service.mean_batch)});
  return table.text(escape(pen, "\033[2m"), escape(pen, "\033[0m")) + '\n';
}

std::string latencies(const ServingReport& service, const Pen& pen) {
  Table table({{"", Align::left},
               {"mean", Align::right},
               {"p50", Align::right},
               {"p90", Align::right},
               {"p99", Align::right},
               {"max", Align::right}});
  const auto row = [&](const char* name, const metrics::Distribution& times) {
    if (times.weight() <= 0) return;
    table.row({name, human(times.mean()), human(times.percentile(0.5)), human(times.percentile(0.9)),
               human(times.percentile(0.99)), human(times.most())});
  };
  row("time to first token", service.ttft);
  row("  of it waiting", service.queueing);
  row("time per output token", service.tpot);
  row("between two tokens", service.itl);
  row("whole request", service.e2e);
  return pen.rule("Latency") + table.text(escape(pen, "\033[2m"), escape(pen, "\033[0m")) + '\n';
}

std::string bottlenecks_of(const ServingReport& service, const std::string& figure, const char* title, const Pen& pen) {
  Table table({{"", Align::left, 56}, {"", Align::right}, {"", Align::right}, {""}});
  std::size_t shown = 0;
  Seconds scale;
  for (const metrics::ServingBottleneck& entry : service.bottlenecks) {
    if (entry.figure != figure || shown == shown_bottlenecks) continue;
    if (shown++ == 0) scale = entry.time;
    table.row({entry.resource, human(entry.time, scale), human_percent(entry.share), bar(entry.share, bar_width)});
  }
  return shown == 0 ? "" : pen.rule(title) + pen.paint_bars(table.text(), yellow) + '\n';
}

// One line of blocks, eight heights.
std::string sparkline(const std::vector<double>& values, double most) {
  constexpr std::array<const char*, 9> heights{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string line;
  for (const double value : values) {
    const double share = most > 0 ? std::clamp(value / most, 0.0, 1.0) : 0;
    std::size_t height = static_cast<std::size_t>(share * 8 + 0.5);
    if (height == 0 && value > 0) height = 1;
    line += heights.at(height);
  }
  return line;
}

std::string over_time(const ServingReport& service, const Pen& pen) {
  const std::vector<metrics::TimePoint>& series = service.series;
  if (series.size() < 2) return {};
  const auto row = [&](const char* name, double metrics::TimePoint::*figure, auto show) {
    const std::size_t width = std::min(chart_width, series.size());
    std::vector<double> columns(width, 0.0), weights(width, 0.0);
    for (std::size_t i = 0; i < series.size(); ++i) {
      columns[i * width / series.size()] += series[i].*figure;
      weights[i * width / series.size()] += 1;
    }
    double most = 0;
    for (std::size_t i = 0; i < width; ++i) most = std::max(most, columns[i] /= std::max(1.0, weights[i]));
    return fmt::format("  {:<13}{}  up to {}\n", name,
                       escape(pen, cyan) + sparkline(columns, most) + escape(pen, "\033[0m"), show(most));
  };
  const auto count = [](double value) { return value < 10 ? fmt::format("{:.2g}", value) : human_count(value); };
  std::string text = pen.rule(
      fmt::format("Over {}", human(series.back().when + (series.back().when - series[series.size() - 2].when) / 2)));
  text += row("running", &metrics::TimePoint::running, count);
  text += row("waiting", &metrics::TimePoint::waiting, count);
  text += row("KV in use", &metrics::TimePoint::cache_use, [](double value) { return human_percent(value); });
  text += row("tokens/s out", &metrics::TimePoint::output_tokens_per_s, count);
  return text + '\n';
}

std::string pools(const ServingReport& service, const Pen& pen) {
  Table table({{"replicas"},
               {"layout"},
               {"weights", Align::right},
               {"KV cache", Align::right},
               {"other", Align::right},
               {"of", Align::right},
               {"KV tokens", Align::right}});
  for (const metrics::PoolReport& pool : service.pools) {
    Bytes weights, cache, other;
    for (const metrics::MemoryClass& entry : pool.memory.classes) {
      (entry.name == "weights" ? weights : entry.name == "kv cache" ? cache : other) += entry.bytes;
    }
    table.row({fmt::format("{} x {}", pool.replicas, pool.role), pool.layout, human_memory(weights),
               human_memory(cache), human_memory(other), human_memory(pool.memory.capacity),
               human_count(pool.cache_tokens)});
  }
  return pen.rule("Memory of one GPU") + table.text(escape(pen, "\033[2m"), escape(pen, "\033[0m")) + '\n';
}

// Replicas of a pool that serve, over `width` equal parts of the time.
std::vector<double> serving_over_time(const ServingReport& service, const metrics::PoolReport& pool, Seconds end,
                                      std::size_t width) {
  std::vector<double> columns;
  std::size_t next = 0;
  double serving = pool.replicas;
  for (std::size_t i = 0; i < width; ++i) {
    const Seconds until = end * (static_cast<double>(i + 1) / static_cast<double>(width));
    for (; next < service.scaling.size() && service.scaling[next].when <= until; ++next) {
      if (service.scaling[next].pool == pool.role) serving = service.scaling[next].serving;
    }
    columns.push_back(serving);
  }
  return columns;
}

std::string scaling(const ServingReport& service, const Pen& pen) {
  if (service.scaling.empty()) return {};
  const Seconds end =
      std::max(service.scaling.back().when, service.series.empty() ? Seconds{} : service.series.back().when);
  std::string text = pen.rule("Replicas");
  text += fmt::format("  {:.3g} GPU-hours held, {} of them with requests running\n", service.gpu_hours,
                      human_percent(service.gpu_hours > 0 ? service.busy_gpu_hours / service.gpu_hours : 0));
  for (const metrics::PoolReport& pool : service.pools) {
    const auto events = [&](std::string_view what) {
      return std::count_if(service.scaling.begin(), service.scaling.end(), [&](const metrics::ScaleReport& event) {
        return event.pool == pool.role && event.what == what;
      });
    };
    const std::vector<double> columns = serving_over_time(service, pool, end, chart_width);
    text += fmt::format("  {}: {:.2f} on average; {} started, {} drained, {} lost\n", pool.role, pool.mean_replicas,
                        events("starts"), events("drains"), events("lost"));
    text += fmt::format("  {:<13}{}  up to {}\n", "serving",
                        escape(pen, cyan) + sparkline(columns, pool.most_replicas) + escape(pen, "\033[0m"),
                        pool.most_replicas);
    Seconds whole;
    std::string phases;
    for (const auto& [phase, time] : pool.start_up) {
      whole += time;
      phases += (phases.empty() ? "" : ", ") + fmt::format("{} {}", phase, human(time));
    }
    text += "  " + wrapped(fmt::format("start-up {}: {}", human(whole), phases), page_width - 2, 2) + '\n';
  }
  return text + '\n';
}

std::string adapters(const ServingReport& service, const Pen& pen) {
  if (!service.adapters) return {};
  const metrics::AdapterReport& adapters = *service.adapters;
  Table table({{"requests"},
               {"found in HBM", Align::right},
               {"loads", Align::right},
               {"from storage", Align::right},
               {"waiting for a load", Align::right},
               {"for a slot", Align::right},
               {"HBM of a GPU", Align::right}});
  Bytes held;
  for (const metrics::PoolReport& pool : service.pools) {
    for (const metrics::MemoryClass& entry : pool.memory.classes) {
      if (entry.name == "lora adapters") held = std::max(held, entry.bytes);
    }
  }
  table.row({human_count(static_cast<double>(adapters.requests)), human_percent(adapters.hit_ratio),
             human_count(static_cast<double>(adapters.loads)), human_count(static_cast<double>(adapters.reads)),
             human(adapters.load_wait), human(adapters.slot_wait), human_memory(held)});
  return pen.rule("LoRA adapters") + table.text(escape(pen, "\033[2m"), escape(pen, "\033[0m")) + '\n';
}

std::string tiers(const ServingReport& service, const Pen& pen) {
  if (service.tiers.empty()) return {};
  Table table({{"tier"},
               {"capacity", Align::right},
               {"prompt tokens found", Align::right},
               {"read", Align::right},
               {"written", Align::right}});
  for (const metrics::CacheTierReport& tier : service.tiers) {
    table.row(
        {tier.name, human_memory(tier.capacity), human_percent(tier.hit_ratio), human(tier.read), human(tier.written)});
  }
  std::string cores;
  if (service.storage_host_cores + service.storage_dpu_cores > 0) {
    cores = fmt::format("  Cores busy with shared storage, mean: {:.2f} of hosts, {:.2f} of DPUs\n",
                        service.storage_host_cores, service.storage_dpu_cores);
  }
  return pen.rule("KV cache tiers") + table.text(escape(pen, "\033[2m"), escape(pen, "\033[0m")) + cores + '\n';
}

}  // namespace

std::string serving_text(const metrics::RunReport& report, const ServingReport& service, const Pen& pen) {
  return header(report, service, pen) + counts(service) + headline(service, pen) + latencies(service, pen) +
         bottlenecks_of(service, "ttft", "Where the time to the first token goes", pen) +
         bottlenecks_of(service, "tpot", "Where the time of a later token goes", pen) + over_time(service, pen) +
         scaling(service, pen) + pools(service, pen) + adapters(service, pen) + tiers(service, pen);
}

}  // namespace aifsim::report
