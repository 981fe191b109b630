#include <fmt/format.h>

#include "report/writer.hpp"

namespace aifsim::report {
namespace {

// RFC 4180.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) {
    if (letter == '"') quoted += '"';
    quoted += letter;
  }
  return quoted + '"';
}

}  // namespace

std::string write_channels_csv(const metrics::RunReport& report, Style /*style*/) {
  std::string text = "name,medium,bytes,busy_share\n";
  for (const metrics::ChannelUsage& usage : report.network.channels) {
    text += fmt::format("{},{},{},{}\n", field(usage.name), field(usage.medium), usage.bytes.in(units::B),
                        usage.busy_share);
  }
  return text;
}

std::string write_series_csv(const metrics::RunReport& report, Style /*style*/) {
  std::string text =
      "job,time_s,running,waiting,kv_use,output_tokens_per_s,prompt_tokens_per_s,"
      "kv_host_use,kv_nvme_use,kv_network_use\n";
  for (const metrics::ServingReport& service : report.services) {
    for (const metrics::TimePoint& point : service.series) {
      text +=
          fmt::format("{},{:.9g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g},{:.6g}\n", field(service.name),
                      point.when.in(units::s), point.running, point.waiting, point.cache_use, point.output_tokens_per_s,
                      point.prompt_tokens_per_s, point.host_use, point.nvme_use, point.network_use);
    }
  }
  return text;
}

}  // namespace aifsim::report
