// aifsim study: many cases, one table, one plot.
#pragma once

#include <string>
#include <vector>

#include "study/study_table.hpp"

namespace aifsim::app {

struct StudyOptions {
  std::string file;
  std::vector<std::string> sets;  // of the study file
  int jobs = 0;                   // processes at a time; 0 = one per core
  std::string plot;               // an SVG file; empty = none
  std::string out;                // a directory; empty = none
  study::StudyFormat format = study::StudyFormat::text;
};

void study_command(const StudyOptions& options);
// Every platform and workload that the cases name, with what they set; ConfigError with all problems.
void check_study_inputs(const study::Study& study);

inline constexpr const char* study_examples =
    "Example: fabric.yaml, 2 cases at 3 sizes, in a table with a relative column, and a plot\n"
    "\n"
    "  study: fabric\n"
    "  title: A job with and without spines\n"
    "  base:                          # what all cases share; a case or an axis may say otherwise\n"
    "    workload: llama3-8b-dp.yaml  # simulated as `aifsim run`; results: job.…\n"
    "    topology: true               # as `aifsim topology`; results: topology.…\n"
    "    collective: {op: all_to_all, bytes: 64 MiB, ranks: 64}   # or a list of them, each with its `name`\n"
    "  cases:\n"
    "    - {name: spines, platform: ../platforms/dgx-h100-32.yaml}\n"
    "    - {name: rail-only, platform: ../platforms/rail-only-64.yaml, set: {scale_out.routing: rail-aligned}}\n"
    "  axes:                          # all combinations, for each case\n"
    "    nodes.count: [16, 24, 32]    # the name of an axis is `platform`, `workload` or a key of theirs; or any name\n"
    "                                 # with a list of maps: [{label: small, set: {nodes.count: 16, …}}, …]\n"
    "  baseline: spines               # relative columns compare with this case at the same place on the axes\n"
    "  columns:\n"
    "    - {title: nodes, value: axis.nodes.count}\n"
    "    - {title: step, unit: s, value: job.step_time_s}\n"
    "    - {title: all-to-all, unit: us, value: collective.rows.0.time_us, digits: 3}\n"
    "    - {title: against spines, value: job.step_time_s, relative: percent}     # or factor\n"
    "    - {title: price of a GPU, unit: k$, value: topology.capex_usd / job.gpus, scale: 0.001}\n"
    "  plot: {kind: lines, x: nodes, y: [step, all-to-all], log: [x]}   # bars, lines or scatter\n"
    "\n"
    "  aifsim study fabric.yaml --plot fabric.svg --out results\n"
    "\n"
    "Other keys: question, notes, sources (text); of base, cases and axes: traffic ({pattern, bytes, concurrent}),\n"
    "network, seed; of a column: shown (false: for the plot alone); of plot: series (an axis, or family;\n"
    "default: the cases), panels (an axis), front (true: of each line only the points that none of its others beats in "
    "x\n"
    "and y), at_most ({column: limit}); of a case: family, and only ({axis: [values]}: the others are not for it).\n"
    "A value is a key of the JSON of the case's parts, with positions in lists as numbers, or arithmetic on such keys\n"
    "with blanks around + - * / and parentheses. `case` is the case's name. job.… is the first of `jobs` in\n"
    "`aifsim help json`.\n"
    "\n"
    "The file and all inputs it names are checked before anything runs. Every simulation has a process of its own. A\n"
    "case that fails says so in its row, and the exit status is 2 at the end. --out keeps every result when it is\n"
    "done, and takes results that are there and whose inputs have not changed: an interrupted study goes on where it\n"
    "was. It also writes table.txt, table.json, table.csv, study.yaml and, if the study has one, plot.svg.\n"
    "\n"
    "JSON keys: study; title; question; baseline; sources[]; columns[]{title unit}; rows[]{case axes{} error "
    "values{}}.\n";

}  // namespace aifsim::app
