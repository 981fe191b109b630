// The cases of a study file: `base`, `cases` and `axes` multiplied out.
#pragma once

#include <vector>

#include "study/study_file.hpp"

namespace aifsim::study {

// Problems go to the nodes' document.
[[nodiscard]] std::vector<StudyCase> read_cases(const config::Node& root);

}  // namespace aifsim::study
