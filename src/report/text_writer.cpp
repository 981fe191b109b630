#include <fmt/format.h>

#include <algorithm>

#include "metrics/additive.hpp"
#include "report/human.hpp"
#include "report/pen.hpp"
#include "report/serving_text.hpp"
#include "report/table.hpp"
#include "report/writer.hpp"

namespace aifsim::report {
namespace {

constexpr std::size_t shown_bottlenecks = 10;
constexpr std::size_t bar_width = 40;

std::string joined(std::initializer_list<std::string> parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    text += (text.empty() ? "" : " · ") + part;
  }
  return text;
}

std::string header(const metrics::RunReport& report, const metrics::JobReport& job, const Pen& pen) {
  std::string text = pen.rule(fmt::format("{} on {}", job.name, report.platform_name));
  const std::string gpus = job.gpus > 0 ? human_count(static_cast<double>(job.gpus)) + " GPUs" : "";
  text += "  " + wrapped(joined({report.platform_summary, gpus}), page_width - 2, 2) + '\n';
  text += "  " + wrapped(joined({job.model, job.precision, job.layout}), page_width - 2, 2) + "\n\n";
  return text;
}

std::string headline(const metrics::JobReport& job, const Pen& pen) {
  const metrics::Throughput& rate = job.throughput;
  const auto tflops = rate.model_flops_per_gpu.in(units::TFLOP_per_s);
  Table table({{"step time"}, {"tokens/s"}, {"tokens/s/GPU"}, {"TFLOP/s/GPU"}, {"MFU"}, {"HFU"}});
  table.row({human(job.step_time), human_count(rate.tokens_per_s),
             rate.tokens_per_s_per_gpu < 1000 ? fmt::format("{:.1f}", rate.tokens_per_s_per_gpu)
                                              : human_count(rate.tokens_per_s_per_gpu),
             fmt::format("{:.1f}", tflops), human_percent(rate.mfu), human_percent(rate.hfu)});
  return table.text(pen.on ? "\033[2m" : "", pen.on ? "\033[0m" : "") + '\n';
}

std::string faults(const metrics::JobReport& job, const Pen& pen) {
  if (job.faults.empty()) return {};
  const auto time_or_dash = [](Seconds time) { return time > Seconds{} ? human(time) : std::string("–"); };
  Table table({{"at", Align::right},
               {"part", Align::left, 30},
               {"effect"},
               {"flows", Align::right},
               {"step before", Align::right},
               {"hit", Align::right},
               {"after", Align::right}});
  std::string details;
  for (const metrics::FaultReport& fault : job.faults) {
    table.row({human(fault.at), fault.part, fault.effect, human_count(static_cast<double>(fault.flows_rerouted)),
               time_or_dash(fault.step_before), time_or_dash(fault.step_hit), time_or_dash(fault.step_after)});
    if (!fault.detail.empty()) {
      details += "  " + wrapped(fault.part + ": " + fault.detail, page_width - 4, 4) + '\n';
    }
  }
  return pen.rule("Faults in mid-run") + table.text(pen.on ? "\033[2m" : "", pen.on ? "\033[0m" : "") + details + '\n';
}

std::string breakdown(const metrics::JobReport& job, const Pen& pen) {
  if (job.breakdown.empty()) return {};
  std::vector<std::pair<std::string, Seconds>> causes(job.breakdown.begin(), job.breakdown.end());
  std::stable_sort(causes.begin(), causes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  const Seconds step = metrics::total(job.breakdown);
  Table table({{"", Align::left, 36}, {"", Align::right}, {"", Align::right}, {""}});
  for (const auto& [cause, time] : causes) {
    table.row({cause, human(time, step), human_percent(time / step), bar(time / step, bar_width)});
  }
  return pen.rule("Where the step goes") + pen.paint_bars(table.text(), cyan) + '\n';
}

std::string bottlenecks(const metrics::JobReport& job, const Pen& pen) {
  const auto list = metrics::ranked(job.blames);
  if (list.empty()) return {};
  Table table({{"", Align::right},
               {"resource", Align::left, 46},
               {"kind", Align::left, 12},
               {"blame", Align::right},
               {"share", Align::right},
               {""}});
  for (std::size_t i = 0; i < std::min(list.size(), shown_bottlenecks); ++i) {
    const auto& entry = list[i];
    table.row({std::to_string(i + 1), entry.resource, entry.kind, human(entry.blame, list[0].blame),
               human_percent(entry.share), bar(entry.share, 12)});
  }
  std::string text = pen.rule("What limits it (critical path)");
  text += pen.paint_bars(table.text(pen.on ? "\033[2m" : "", pen.on ? "\033[0m" : ""), yellow);
  if (list.size() > shown_bottlenecks) {
    double rest = 0;
    for (std::size_t i = shown_bottlenecks; i < list.size(); ++i) rest += list[i].share;
    text +=
        pen.dim(fmt::format("      and {} more, {} together", list.size() - shown_bottlenecks, human_percent(rest)));
    text += '\n';
  }
  return text + '\n';
}

std::string memory(const metrics::JobReport& job, const Pen& pen) {
  const metrics::MemoryReport& report = job.memory;
  if (report.classes.empty() || report.capacity <= Bytes{}) return {};
  Table table({{"", Align::left, 36}, {"", Align::right}, {"", Align::right}, {""}});
  for (const metrics::MemoryClass& entry : report.classes) {
    const double share = entry.bytes / report.capacity;
    table.row({entry.name, human_memory(entry.bytes), human_percent(share), bar(share, bar_width)});
  }
  const double used = report.used() / report.capacity;
  table.row({"total", human_memory(report.used()), human_percent(used), bar(used, bar_width)});
  return pen.rule(fmt::format("Memory of the fullest GPU ({})", human_memory(report.capacity))) +
         pen.paint_bars(table.text(), green) + '\n';
}

std::string network(const metrics::NetworkReport& report, const Pen& pen) {
  std::string text = pen.rule("Network and run");
  Bytes bytes;
  const metrics::ChannelUsage* busiest = nullptr;
  for (const metrics::ChannelUsage& usage : report.channels) {
    bytes += usage.bytes;
    if (busiest == nullptr || usage.busy_share > busiest->busy_share) busiest = &usage;
  }
  std::string line = fmt::format("{}: {} on {} channels", report.kind, human(bytes),
                                 human_count(static_cast<double>(report.channels.size())));
  if (busiest != nullptr) {
    line += fmt::format("; busiest {} ({}), {} of its time", shortened(busiest->name, 30), busiest->medium,
                        human_percent(busiest->busy_share));
  }
  return text + "  network  " + wrapped(line, page_width - 11, 11) + '\n';
}

std::string cost(const metrics::RunReport& report) {
  const metrics::RunCost& cost = report.run_cost;
  return fmt::format("  run      {} CPU, {} memory, {} events, {} flows, seed {}, aifsim {}\n", human(cost.cpu),
                     human(cost.peak_rss), human_count(static_cast<double>(cost.events)),
                     human_count(static_cast<double>(cost.flows)), report.provenance.seed, report.provenance.version);
}

}  // namespace

std::string write_text(const metrics::RunReport& report, Style style) {
  const Pen pen(style);
  std::string text;
  for (const metrics::JobReport& job : report.jobs) {
    text += header(report, job, pen) + headline(job, pen) + faults(job, pen) + breakdown(job, pen) +
            bottlenecks(job, pen) + memory(job, pen);
  }
  for (const metrics::ServingReport& service : report.services) text += serving_text(report, service, pen);
  // Requests' own traffic is told with them: no channel of a serving job has a figure of its own.
  const bool nothing_to_tell = report.network.channels.empty() && !report.services.empty();
  text += (nothing_to_tell ? pen.rule("Run") : network(report.network, pen)) + cost(report);
  for (const std::string& note : report.provenance.validity_notes) {
    text += "  note     " + wrapped(note, page_width - 11, 11) + '\n';
  }
  return text;
}

}  // namespace aifsim::report
