#include "app/study_command.hpp"

#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "app/commands.hpp"
#include "app/inputs.hpp"
#include "app/terminal.hpp"
#include "base/error.hpp"
#include "hardware/platform.hpp"
#include "report/output_directory.hpp"
#include "study/study_run.hpp"
#include "training/job.hpp"

namespace aifsim::app {
namespace {

using study::Study;
using study::StudyCase;
using study::StudyUnit;

// What a command reads, checked as it would check it, without running anything.
struct CheckInputs {
  void operator()(const RunOptions& options) const {
    check_inputs(load_inputs(options.platform, options.workload, options.sets));
  }
  void operator()(const TopologyOptions& options) const { (void)load_platform(options.platform, options.sets); }
  void operator()(const TrafficCommandOptions& options) const { (void)load_platform(options.platform, options.sets); }
  void operator()(const CollectiveOptions& options) const {
    const int gpus = load_platform(options.platform, options.sets).gpu_count();
    if (options.ranks <= gpus) return;
    throw ConfigError(Problem{.file = {},
                              .key = "ranks",
                              .expected = "at most the platform's " + std::to_string(gpus) + " GPUs",
                              .got = std::to_string(options.ranks),
                              .hint = {}});
  }
  template <typename Other>
  void operator()(const Other&) const {}
};

Command parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv{"aifsim"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

// Overrides as a case wrote them, and those of them that the platform takes: the only ones that commands without a
// workload know.
struct CaseSets {
  std::vector<std::string> all, platform;
};

CaseSets sets_of(const StudyCase& one) {
  if (one.workload.empty()) return {one.sets, one.sets};
  CaseSets sets;
  for (const RoutedSet& set : route_sets(one.platform, one.workload, one.sets)) {
    sets.all.push_back(set.file + ':' + set.text);
    if (set.file == "platform") sets.platform.push_back(set.text);
  }
  return sets;
}

std::vector<StudyUnit> units_of(const StudyCase& one) {
  const CaseSets sets = sets_of(one);
  std::vector<StudyUnit> units;
  for (const study::StudyPart& part : one.parts) {
    const bool runs_job = part.command == "run";
    std::vector<std::string> arguments{part.command, one.platform};
    if (runs_job) arguments.push_back(one.workload);
    arguments.insert(arguments.end(), part.options.begin(), part.options.end());
    for (const std::string& set : runs_job ? sets.all : sets.platform) {
      arguments.insert(arguments.end(), {"--set", set});
    }
    arguments.insert(arguments.end(), {"--format", "json"});
    units.push_back({part.name, std::move(arguments), {}});
  }
  return units;
}

// Problems of one case, once each: several parts read the same platform.
class Problems {
 public:
  explicit Problems(const Study& study) : study_(study) {}

  void add(const StudyCase& one, Problem problem) {
    if (problem.file.empty() || problem.file.starts_with("--set")) {  // not a place that the user can look up
      const std::string name = one.name.empty() ? std::string() : "case \"" + one.name + '"';
      problem.key = name + (problem.file.empty() ? "" : (name.empty() ? "" : ": ") + problem.file.substr(6)) +
                    (problem.key.empty() ? "" : ": " + problem.key);
      problem.file = study_.file;
      problem.line = one.line;
      problem.column = one.line > 0 ? 1 : 0;
    }
    if (seen_.insert(problem.message()).second) problems_.push_back(std::move(problem));
  }
  void throw_if_any() {
    if (!problems_.empty()) throw ConfigError(std::move(problems_));
  }

 private:
  const Study& study_;
  std::set<std::string> seen_;
  std::vector<Problem> problems_;
};

std::vector<std::vector<StudyUnit>> plan(const Study& study) {
  std::vector<std::vector<StudyUnit>> units;
  Problems problems(study);
  for (const StudyCase& one : study.cases) {
    try {
      units.push_back(units_of(one));
    } catch (const ConfigError& error) {
      for (const Problem& problem : error.problems()) problems.add(one, problem);
      continue;
    }
    for (const StudyUnit& unit : units.back()) {
      try {
        std::visit(CheckInputs{}, parse(unit.arguments));
      } catch (const ConfigError& error) {
        for (const Problem& problem : error.problems()) problems.add(one, problem);
      }
    }
  }
  problems.throw_if_any();
  return units;
}

// What the command prints, instead of to stdout.
std::string simulate(const std::vector<std::string>& arguments) {
  std::ostringstream printed;
  std::streambuf* const terminal = std::cout.rdbuf(printed.rdbuf());
  try {
    execute(parse(arguments));
  } catch (...) {
    std::cout.rdbuf(terminal);
    throw;
  }
  std::cout.rdbuf(terminal);
  return printed.str();
}

void add_digests(const Study& study, std::vector<std::vector<StudyUnit>>& units) {
  const std::string program = study::digest_of_program();
  std::map<std::string, std::string> known;
  const auto of = [&known](const std::string& path) {
    auto [entry, is_new] = known.emplace(path, "");
    if (is_new && !path.empty()) entry->second = study::digest_of_input(path);
    return entry->second;
  };
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    const StudyCase& one = study.cases[i];
    for (StudyUnit& unit : units[i]) {
      unit.inputs =
          study::digest(program + of(one.platform) + (unit.arguments.front() == "run" ? of(one.workload) : ""));
    }
  }
}

std::vector<study::StudyRow> run(const StudyOptions& options, const Study& study) {
  std::vector<std::vector<StudyUnit>> units = plan(study);
  if (!options.out.empty()) add_digests(study, units);
  std::vector<StudyUnit> all;
  for (const auto& of_case : units) all.insert(all.end(), of_case.begin(), of_case.end());
  const std::string keep = options.out.empty() ? "" : (std::filesystem::path(options.out) / "results").string();
  std::vector<study::UnitResult> results = run_units(all, {options.jobs, keep, is_terminal(Stream::error)}, simulate);
  std::vector<std::vector<study::UnitResult>> of_cases;
  auto next = results.begin();
  for (const auto& of_case : units) {
    const auto end = next + static_cast<std::ptrdiff_t>(of_case.size());
    of_cases.emplace_back(std::make_move_iterator(next), std::make_move_iterator(end));
    next = end;
  }
  return evaluate(study, of_cases);
}

void write_files(const StudyOptions& options, const config::Document& document, const Study& study,
                 const std::vector<study::StudyRow>& rows) {
  if (!options.plot.empty()) report::write_whole(options.plot, draw_study(study, rows), "--plot");
  if (options.out.empty()) return;
  const std::filesystem::path root(options.out);
  report::write_whole(root / "study.yaml", document.resolved());
  report::write_whole(root / "table.txt", write_study(study, rows, study::StudyFormat::text));
  report::write_whole(root / "table.json", write_study(study, rows, study::StudyFormat::json));
  report::write_whole(root / "table.csv", write_study(study, rows, study::StudyFormat::csv));
  if (study.plot) report::write_whole(root / "plot.svg", draw_study(study, rows));
}

// The table is out; now the exit status.
void report_failures(const Study& study, const std::vector<study::StudyRow>& rows) {
  std::vector<Problem> problems;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].error.empty()) continue;
    if (rows[i].our_bug) throw InternalError("case \"" + rows[i].name + "\": " + rows[i].error);
    problems.push_back({study.file, study.cases[i].line, study.cases[i].line > 0 ? 1 : 0,
                        rows[i].name.empty() ? "case" : "case \"" + rows[i].name + '"', "a case that can be simulated",
                        "a failure", rows[i].error});
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

}  // namespace

void study_command(const StudyOptions& options) {
  std::vector<config::Override> overrides;
  for (const std::string& text : options.sets) overrides.push_back(config::parse_override(text));
  const config::Document document = config::Document::load(options.file, overrides);
  const Study study = study::read_study(document);
  document.check();
  if (!options.plot.empty() && !study.plot) {
    throw ConfigError(Problem{options.file, 0, 0, "plot", "what to draw for --plot", "nothing", ""});
  }
  const std::vector<study::StudyRow> rows = run(options, study);
  std::cout << write_study(study, rows, options.format);
  write_files(options, document, study, rows);
  report_failures(study, rows);
}

void check_study_inputs(const Study& study) { (void)plan(study); }

}  // namespace aifsim::app
