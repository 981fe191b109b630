#include "study/study_fragment.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "collective/algorithm.hpp"
#include "collective/collective.hpp"

namespace aifsim::study {

using config::Node;

void Fragment::lay(const Fragment& over) {
  const auto replace = [](auto& mine, const auto& other) {
    if (other) mine = other;
  };
  replace(platform, over.platform);
  replace(workload, over.workload);
  replace(network, over.network);
  replace(seed, over.seed);
  replace(topology, over.topology);
  replace(collectives, over.collectives);
  replace(traffics, over.traffics);
  for (const auto& [key, value] : over.sets) {
    const auto known = std::find_if(sets.begin(), sets.end(), [&](const auto& set) { return set.first == key; });
    if (known == sets.end())
      sets.emplace_back(key, value);
    else
      known->second = value;
  }
}

std::string refuse(const Node& node, const std::string& expected, const std::string& got,
                   const std::vector<std::string>& known) {
  const auto near = config::nearest(got, known);
  node.problem(expected, '"' + got + '"', near ? "did you mean \"" + *near + "\"?" : "");
  return got;
}

std::string one_of(const Node& node, const std::vector<std::string>& known) {
  const std::string word = node.text();
  std::string list;
  for (const std::string& other : known) list += (list.empty() ? "one of " : ", ") + other;
  return std::find(known.begin(), known.end(), word) != known.end() ? word : refuse(node, list, word, known);
}

std::string path_of(const Node& node) {
  const std::string text = node.text();
  if (text.empty()) return text;
  const std::filesystem::path path = (std::filesystem::path(node.file()).parent_path() / text).lexically_normal();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) node.problem("a file", '"' + path.string() + '"');
  return path.string();
}

namespace {

std::string whole_bytes(const Node& node) { return std::to_string(std::llround(node.bytes().in(units::B))); }

std::string name_of_part(const Node& node, const std::string& fallback) {
  if (!node.has("name")) return fallback;
  const Node name = node.required("name");
  const std::string text = name.text();
  static const std::set<std::string> taken{"job", "topology", "axis", "case", "platform", "workload"};
  if (text.find_first_of(" .") != std::string::npos || taken.contains(text)) {
    name.problem("a word of its own, without blanks and points", '"' + text + '"');
  }
  return text;
}

StudyPart read_collective(const Node& node) {
  std::vector<std::string> operations, algorithms{"auto"};
  for (const collective::Operation operation : collective::operations()) {
    operations.emplace_back(collective::name_of(operation));
  }
  for (const collective::Algorithm* algorithm : collective::algorithms()) algorithms.emplace_back(algorithm->name);
  StudyPart part{name_of_part(node, "collective"), "collective", {}};
  part.options = {"--op", one_of(node.required("op"), operations), "--sizes", whole_bytes(node.required("bytes"))};
  if (const Node ranks = node.optional("ranks")) {
    part.options.insert(part.options.end(), {"--ranks", std::to_string(ranks.integer({.min = 2, .max = 1e8}))});
  }
  if (const Node algorithm = node.optional("algorithm")) {
    part.options.insert(part.options.end(), {"--algorithm", one_of(algorithm, algorithms)});
  }
  node.finish();
  return part;
}

StudyPart read_traffic(const Node& node) {
  StudyPart part{name_of_part(node, "traffic"), "traffic", {}};
  const Node pattern = node.required("pattern");
  const bool is_file = pattern.present() && pattern.text().ends_with(".csv");
  part.options = {"--pattern",
                  is_file ? path_of(pattern) : one_of(pattern, {"permutation", "incast", "all-to-all", "shift"})};
  if (const Node bytes = node.optional("bytes")) {
    part.options.insert(part.options.end(), {"--bytes", whole_bytes(bytes) + " B"});
  }
  if (const Node concurrent = node.optional("concurrent")) {
    part.options.insert(part.options.end(),
                        {"--concurrent", std::to_string(concurrent.integer({.min = 1, .max = 65536}))});
  }
  node.finish();
  return part;
}

// One map, or a list of them.
template <typename Reader>
std::optional<std::vector<StudyPart>> read_parts(const Node& node, Reader read) {
  if (!node) return std::nullopt;
  std::vector<StudyPart> parts;
  if (node.is_map()) return std::vector<StudyPart>{read(node)};
  for (const Node& item : node.items()) parts.push_back(read(item));
  return parts;
}

}  // namespace

Fragment read_fragment(const Node& node) {
  Fragment fragment;
  if (const Node platform = node.optional("platform")) fragment.platform = path_of(platform);
  if (const Node workload = node.optional("workload")) fragment.workload = path_of(workload);
  if (const Node network = node.optional("network")) fragment.network = one_of(network, {"fluid", "simgrid", "ideal"});
  if (const Node seed = node.optional("seed")) {
    fragment.seed = std::to_string(seed.integer({.min = 0, .max = 9e15}));
  }
  if (const Node topology = node.optional("topology")) {
    fragment.topology.emplace();
    if (topology.boolean()) fragment.topology->push_back({"topology", "topology", {}});
  }
  fragment.collectives = read_parts(node.optional("collective"), read_collective);
  fragment.traffics = read_parts(node.optional("traffic"), read_traffic);
  const Node sets = node.optional("set");
  for (const std::string& key : sets ? sets.keys() : std::vector<std::string>{}) {
    fragment.sets.emplace_back(key, sets.required(key).text());
  }
  return fragment;
}

}  // namespace aifsim::study
