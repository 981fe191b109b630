#include "report/output_directory.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/error.hpp"
#include "report/writer.hpp"

namespace aifsim::report {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::string& reason) {
  throw ConfigError(Problem{"", 0, 0, "--out", "a directory that can be written", path.string(), reason});
}

}  // namespace

void write_whole(const fs::path& path, std::string_view content, const std::string& option) {
  const auto refuse_file = [&](const std::string& reason) {
    throw ConfigError(Problem{"", 0, 0, option, "a place that can be written", path.string(), reason});
  };
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {  // a pipe or a device is not to be replaced
    std::ofstream stream(path, std::ios::binary);
    stream.write(content.data(), static_cast<std::streamsize>(content.size()));
    stream.close();
    if (!stream) refuse_file("cannot write to it");
    return;
  }
  fs::path draft = path;
  draft += "." + std::to_string(::getpid()) + ".tmp";
  std::ofstream stream(draft, std::ios::binary | std::ios::trunc);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) {
    fs::remove(draft, error);
    refuse_file("cannot write the file");
  }
  fs::rename(draft, path, error);
  if (error) {
    const std::string reason = error.message();
    fs::remove(draft, error);
    refuse_file(reason);
  }
}

void make_output_directory(const std::string& directory) {
  const fs::path root(directory);
  std::error_code error;
  fs::create_directories(root, error);
  if (error) refuse(root, error.message());
  if (!fs::is_directory(root, error)) refuse(root, "it is no directory");
}

void write_output_directory(const std::string& directory, const metrics::RunReport& report) {
  make_output_directory(directory);
  const fs::path root(directory);
  write_whole(root / "platform.yaml", report.provenance.platform.resolved);
  write_whole(root / "workload.yaml", report.provenance.workload.resolved);
  write_whole(root / "channels.csv", write_channels_csv(report, {}));
  if (!report.services.empty()) write_whole(root / "series.csv", write_series_csv(report, {}));
  write_whole(root / "report.json", write_json(report, {}));
}

}  // namespace aifsim::report
