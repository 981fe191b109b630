#include "config/data_directory.hpp"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/error.hpp"

namespace aifsim::config {

std::string data_directory(std::string_view relative) {
  namespace fs = std::filesystem;
  std::vector<fs::path> roots;
  if (const char* root = std::getenv("AIFSIM_DATA")) roots.emplace_back(root);
  std::error_code ignored;
  const fs::path executable = fs::read_symlink("/proc/self/exe", ignored);
  if (!executable.empty()) {
    const fs::path folder = executable.parent_path();
    roots.push_back(folder / ".." / "..");
    roots.push_back(folder / ".." / "share" / "aifsim");
  }
  roots.emplace_back(AIFSIM_SOURCE_DIR);
  for (const fs::path& root : roots) {
    const fs::path candidate = root / relative;
    if (fs::is_directory(candidate, ignored)) return candidate.lexically_normal().string();
  }
  throw ConfigError(Problem{.file = "",
                            .key = std::string(relative),
                            .expected = "a folder that ships with aifsim",
                            .got = "nothing",
                            .hint = "set AIFSIM_DATA to the folder that holds platforms/ and workloads/"});
}

}  // namespace aifsim::config
