// What a study found: its columns evaluated for every case.
#pragma once

#include <string>
#include <vector>

#include "study/study_file.hpp"
#include "study/study_run.hpp"

namespace aifsim::study {

struct StudyRow {
  std::string name;
  std::vector<Figure> figures;  // one for each column, scaled, relative to the baseline where asked for
  std::string error;            // what went wrong in its parts; empty = all is well
  bool our_bug = false;
};

// `results[i][j]` is of part j of case i.
[[nodiscard]] std::vector<StudyRow> evaluate(const Study& study, const std::vector<std::vector<UnitResult>>& results);

enum class StudyFormat { text, json, csv };
[[nodiscard]] std::string write_study(const Study& study, const std::vector<StudyRow>& rows, StudyFormat format);
// The plot that the study asks for, as SVG. InternalError when it asks for none.
[[nodiscard]] std::string draw_study(const Study& study, const std::vector<StudyRow>& rows);

// 4 digits of 1234567 are "1,234,567", of 0.0123456 "0.01235".
[[nodiscard]] std::string shown(const StudyColumn& column, const Figure& figure);

}  // namespace aifsim::study
