#include "config/named_file.hpp"

#include <algorithm>
#include <filesystem>

#include "config/data_directory.hpp"

namespace aifsim::config {

std::vector<std::string> names_in(std::string_view folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(data_directory(folder))) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Document load_named(std::string_view folder, const std::string& name) {
  return Document::load(data_directory(folder) + '/' + name + ".yaml");
}

bool names_file(const Node& node, std::string_view folder, std::string_view what) {
  const std::string name = node.text();
  if (name.empty()) return false;  // a problem is recorded already
  const std::vector<std::string> names = names_in(folder);
  if (std::binary_search(names.begin(), names.end(), name)) return true;
  const auto near = nearest(name, names);
  node.problem(std::string(what) + " (a name from " + std::string(folder) + "/ or a map)", '"' + name + '"',
               near ? "did you mean \"" + *near + "\"?" : "");
  return false;
}

}  // namespace aifsim::config
