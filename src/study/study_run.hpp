// Simulates the cases of a study, each part in a process of its own, and keeps what is done.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "study/study_file.hpp"

namespace aifsim::study {

// One command line of the program, without the program's name: what a part of a case runs.
struct StudyUnit {
  std::string name;  // for files and messages: "job", "topology", …
  std::vector<std::string> arguments;
  std::string inputs;  // digest of all that the result depends on, or empty: not to be kept
};

struct UnitResult {
  std::string json;   // what the command printed; empty if it failed
  std::string error;  // why
  bool our_bug = false;
};

struct StudyRunOptions {
  int jobs = 0;      // processes at a time; 0 = one per core
  std::string keep;  // a directory where results are kept and looked for; empty = none
  bool progress = false;
};

// `simulate` gives what a command line prints, and throws as the command does. Units with equal arguments run once. A
// kept result with the same arguments and inputs is taken instead of a simulation.
[[nodiscard]] std::vector<UnitResult> run_units(
    const std::vector<StudyUnit>& units, const StudyRunOptions& options,
    const std::function<std::string(const std::vector<std::string>&)>& simulate);

// The file's bytes; empty if it cannot be read.
[[nodiscard]] std::string content_of(const std::string& path);
// 64 bits as 16 hex digits (FNV-1a): to tell inputs apart, not to resist forgery.
[[nodiscard]] std::string digest(std::string_view text, std::string_view seed = {});
// Of the program and of the data files it ships with: another build or catalogue gives other results.
[[nodiscard]] std::string digest_of_program();
// Of a YAML file: what it says after `extends`, and the contents of the files that it names.
[[nodiscard]] std::string digest_of_input(const std::string& path);

}  // namespace aifsim::study
