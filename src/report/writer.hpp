// Writers turn a RunReport into text. One file each, one row in registry.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "metrics/run_report.hpp"

namespace aifsim::report {

struct Style {
  bool colour = false;
};

struct Writer {
  std::string_view name;     // "json"
  std::string_view summary;  // for the help
  std::string (*write)(const metrics::RunReport& report, Style style);
};

[[nodiscard]] std::span<const Writer> writers();
[[nodiscard]] const Writer& writer_named(std::string_view name);  // InternalError when there is none

// The writers themselves.
[[nodiscard]] std::string write_text(const metrics::RunReport& report, Style style);
[[nodiscard]] std::string write_json(const metrics::RunReport& report, Style style);
[[nodiscard]] std::string write_channels_csv(const metrics::RunReport& report, Style style);

[[nodiscard]] std::string write_series_csv(const metrics::RunReport& report, Style style);

}  // namespace aifsim::report
