// A study: many cases, one table, one plot. Its file as plain, valid data.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/node.hpp"
#include "study/study_expression.hpp"

namespace aifsim::study {

// One simulation of a case: a command of the program and its own options. Platform, workload and `--set` are the
// case's.
struct StudyPart {
  std::string name;     // how columns call its result: "job", "topology", "collective", "traffic", or a name of its own
  std::string command;  // "run", "topology", "collective", "traffic"
  std::vector<std::string> options;
};

struct StudyCase {
  std::string name;                                       // of the case and its place on the axes
  std::string series;                                     // of the case alone
  std::string family = {};                                // cases that a plot may show as one; else its series
  std::vector<std::pair<std::string, std::string>> axes;  // axis and value, as text
  std::string platform, workload;                         // paths; no workload: empty
  std::vector<std::string> sets;                          // "key.path=value"
  std::vector<StudyPart> parts;
  int line = 0;  // in the study file
};

struct StudyColumn {
  enum class Relative { none, percent, factor };  // to the baseline: value / baseline - 1, value / baseline
  std::string title, unit;
  Expression value;
  double scale = 1;  // shown = value * scale
  int digits = 4;
  Relative relative = Relative::none;
  bool shown = true;  // else only for plots
};

struct StudyPlot {
  enum class Kind { bars, lines, scatter };
  Kind kind = Kind::bars;
  std::size_t x = 0;                                         // column; not of bars
  std::vector<std::size_t> y;                                // columns, each a panel
  std::string series;                                        // the axis that tells lines apart; empty: the cases
  bool by_family = false;                                    // cases of a family are one line
  std::string panels = {};                                   // an axis: a panel for each value; empty: none
  std::vector<std::pair<std::size_t, double>> at_most = {};  // column and its most: rows beyond are left out
  bool front = false;  // of each line only what nothing else on it beats in both x and y
  bool log_x = false, log_y = false;
};

struct Study {
  std::string name, file, title, question, notes;
  std::vector<std::string> sources;
  std::vector<StudyCase> cases;  // cases times axes; the last axis turns fastest
  std::string baseline;          // `series` of the case that relative columns compare with; empty: none
  std::vector<StudyColumn> columns;
  std::optional<StudyPlot> plot;
  [[nodiscard]] const StudyCase* baseline_of(const StudyCase& of) const;  // at the same place on the axes
};

// Problems go to the document; call document.check() after. Reads no other file.
[[nodiscard]] Study read_study(const config::Document& document);

}  // namespace aifsim::study
