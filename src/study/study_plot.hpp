// What a study's plot shows: which rows are a line of their own, and which of them are on its front.
#pragma once

#include <string>
#include <vector>

#include "study/study_table.hpp"

namespace aifsim::study {

// A column's title with its unit.
[[nodiscard]] std::string heading(const StudyColumn& column);

// For each row: it keeps to the plot's limits, and no other such row of its series and panel has as much of both x and
// y, and more of one. Rows without these figures are not on a front. Where no front is asked for, only the limits
// count.
[[nodiscard]] std::vector<bool> in_plot(const Study& study, const std::vector<StudyRow>& rows);

}  // namespace aifsim::study
