// `--out DIR`: the report as files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "metrics/run_report.hpp"

namespace aifsim::report {

// Makes the directory if need be and writes report.json, channels.csv, platform.yaml and workload.yaml. Each file
// appears whole or not at all (written under another name, then renamed). A directory that cannot be written is the
// user's mistake: ConfigError.
void write_output_directory(const std::string& directory, const metrics::RunReport& report);

// The file, whole or not at all. `option` is blamed when it cannot be written.
void write_whole(const std::filesystem::path& path, std::string_view content, const std::string& option = "--out");

}  // namespace aifsim::report
