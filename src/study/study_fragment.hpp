// What a study file says of a case: its `base`, a value of an axis and the case itself are fragments, laid over each
// other.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/node.hpp"
#include "study/study_file.hpp"

namespace aifsim::study {

// Keys of a case; one that stands nearer to the case replaces the one of `base`, and `set` is merged key by key.
struct Fragment {
  std::optional<std::string> platform, workload, network, seed;
  std::optional<std::vector<StudyPart>> topology, collectives, traffics;
  std::vector<std::pair<std::string, std::string>> sets;

  void lay(const Fragment& over);
};

[[nodiscard]] Fragment read_fragment(const config::Node& node);

// Words of a file. Problems name the nearest known one.
std::string refuse(const config::Node& node, const std::string& expected, const std::string& got,
                   const std::vector<std::string>& known);
[[nodiscard]] std::string one_of(const config::Node& node, const std::vector<std::string>& known);
// Relative to the file that names it.
[[nodiscard]] std::string path_of(const config::Node& node);

}  // namespace aifsim::study
