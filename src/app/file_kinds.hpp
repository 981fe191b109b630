// Our YAML files: what kind a file is, and its reader.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"

namespace aifsim::app {

struct FileKind {
  std::string_view name;    // "platform"
  std::string_view folder;  // files below a folder of this name are of this kind; empty: told by the keys alone
  std::vector<std::string_view> keys;  // a file that has them all is of this kind
  // Reads the document for its problems; throws or records them.
  void (*read)(const config::Document& document);
};

[[nodiscard]] std::span<const FileKind> file_kinds();
// By the folder, then by the keys; ConfigError when no kind fits.
[[nodiscard]] const FileKind& kind_of(const std::string& path, const config::Document& document);

void read_platform_file(const config::Document& document);
void read_workload_file(const config::Document& document);
// Told by `kind`.
[[nodiscard]] bool is_serving(const config::Document& workload);

}  // namespace aifsim::app
