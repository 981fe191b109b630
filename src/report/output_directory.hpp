// `--out DIR`: the report as files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "metrics/run_report.hpp"

namespace aifsim::report {

// Makes the directory if need be. One that cannot be written is the user's mistake: ConfigError.
void make_output_directory(const std::string& directory);

// Makes the directory and writes report.json, channels.csv, platform.yaml, workload.yaml and, for serving jobs,
// series.csv (requests.csv is written while they run). Each file
// appears whole or not at all (written under another name, then renamed).
void write_output_directory(const std::string& directory, const metrics::RunReport& report);

// The file, whole or not at all. `option` is blamed when it cannot be written.
void write_whole(const std::filesystem::path& path, std::string_view content, const std::string& option = "--out");

}  // namespace aifsim::report
