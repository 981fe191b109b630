#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/data_directory.hpp"
#include "study/study_run.hpp"

namespace aifsim::study {
namespace {

namespace fs = std::filesystem;

void add_named_files(const config::Node& node, std::string& text) {
  if (node.is_map()) {
    for (const std::string& key : node.keys()) add_named_files(node.required(key), text);
  } else if (node.is_list()) {
    for (const config::Node& item : node.items()) add_named_files(item, text);
  } else if (node.is_scalar()) {
    std::error_code error;
    const fs::path path = fs::path(node.file()).parent_path() / node.text();
    if (fs::is_regular_file(path, error)) text += digest(content_of(path.string()));
  }
}

}  // namespace

std::string content_of(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

std::string digest(std::string_view text, std::string_view seed) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::string_view part : {seed, text}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(hash));
  return hex;
}

std::string digest_of_program() {
  std::string text = digest(content_of("/proc/self/exe"));
  for (const char* folder : {"platforms/catalog", "workloads/models", "workloads/frameworks"}) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(config::data_directory(folder))) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) text += digest(content_of(file.string()), file.filename().string());
  }
  return digest(text);
}

std::string digest_of_input(const std::string& path) {
  const config::Document document = config::Document::load(path);
  std::string text = document.resolved();
  add_named_files(document.root(), text);
  return digest(text);
}

}  // namespace aifsim::study
