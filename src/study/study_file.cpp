#include "study/study_file.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "study/study_cases.hpp"
#include "study/study_keys.hpp"

namespace aifsim::study {
namespace {

using config::Node;

std::string hint_for(const std::string& word, const std::vector<std::string>& known) {
  const auto near = config::nearest(word, known);
  return near ? "did you mean \"" + *near + "\"?" : "";
}

std::string listed(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

// Parts by name, as the cases have them.
using Parts = std::vector<std::pair<std::string, std::string>>;  // name, command

Parts parts_of(const std::vector<StudyCase>& cases) {
  Parts parts;
  for (const StudyCase& one : cases) {
    for (const StudyPart& part : one.parts) {
      const std::pair<std::string, std::string> entry{part.name, part.command};
      if (std::find(parts.begin(), parts.end(), entry) == parts.end()) parts.push_back(entry);
    }
  }
  return parts;
}

std::vector<std::string> axes_of(const std::vector<StudyCase>& cases) {
  std::vector<std::string> axes;
  if (cases.empty()) return axes;
  for (const auto& [axis, value] : cases.front().axes) axes.push_back(axis);
  return axes;
}

void check_key(const Node& node, const std::string& key, const Parts& parts, const std::vector<std::string>& axes) {
  const std::size_t dot = key.find('.');
  const std::string head = key.substr(0, dot);
  const std::string rest = dot == std::string::npos ? "" : key.substr(dot + 1);
  if (key == "case") return;
  if (head == "axis") {
    if (std::find(axes.begin(), axes.end(), rest) == axes.end()) {
      node.problem(axes.empty() ? "a study with axes" : "one of its axes: " + listed(axes), '"' + rest + '"',
                   hint_for(rest, axes));
    }
    return;
  }
  std::vector<std::string> known, heads{"case", "axis"};
  bool is_part = false;
  for (const auto& [name, command] : parts) {
    heads.push_back(name);
    if (name != head) continue;
    is_part = true;
    for (const std::string_view pattern : result_keys(command)) {
      if (fits(pattern, rest)) return;
      std::string shown(pattern);
      for (std::size_t at = shown.find("[]"); at != std::string::npos; at = shown.find("[]"))
        shown.replace(at, 2, ".0");
      known.push_back(shown);
    }
  }
  if (!is_part)
    return node.problem("a key that starts with one of " + listed(heads), '"' + key + '"', hint_for(head, heads));
  std::string hint = hint_for(rest, known);
  if (hint.empty()) hint = "known below " + head + ": " + listed(known);
  node.problem("a key of the results of " + head, '"' + rest + '"', hint);
}

Expression read_expression(const Node& node, const Parts& parts, const std::vector<std::string>& axes) {
  if (!node) return {};
  try {
    Expression expression = Expression::parse(node.text());
    for (const std::string& key : expression.keys()) check_key(node, key, parts, axes);
    return expression;
  } catch (const Expression::Mistake& mistake) {
    node.problem(mistake.what(), '"' + node.text() + '"');
    return {};
  }
}

StudyColumn read_column(const Node& node, const Parts& parts, const std::vector<std::string>& axes, bool has_baseline) {
  static constexpr std::array<std::string_view, 3> relatives{"none", "percent", "factor"};
  StudyColumn column;
  column.title = node.required("title").text();
  column.value = read_expression(node.required("value"), parts, axes);
  column.unit = node.optional("unit").text_or("");
  column.scale = node.optional("scale").number_or(1);
  column.digits = static_cast<int>(node.optional("digits").integer_or(4, {.min = 1, .max = 15}));
  column.shown = node.optional("shown").boolean_or(true);
  const Node relative = node.optional("relative");
  column.relative = static_cast<StudyColumn::Relative>(relative.choice_or(0, relatives));
  if (column.relative != StudyColumn::Relative::none && !has_baseline) {
    relative.problem("a study with a `baseline`", "one without");
  }
  node.finish();
  return column;
}

std::string read_baseline(const Node& node, const std::vector<StudyCase>& cases) {
  if (!node) return {};
  std::vector<std::string> names;
  for (const StudyCase& one : cases) names.push_back(one.series);
  const std::string name = node.text();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    node.problem("the name of a case", '"' + name + '"', hint_for(name, names));
  }
  return name;
}

std::size_t column_titled(const Node& node, const std::string& title, const std::vector<StudyColumn>& columns) {
  std::vector<std::string> titles;
  for (const StudyColumn& column : columns) titles.push_back(column.title);
  const auto found = std::find(titles.begin(), titles.end(), title);
  if (found != titles.end()) return static_cast<std::size_t>(found - titles.begin());
  node.problem("the title of a column", '"' + title + '"', hint_for(title, titles));
  return 0;
}

std::size_t column_named(const Node& node, const std::vector<StudyColumn>& columns) {
  return column_titled(node, node.text(), columns);
}

std::string axis_named(const Node& node, const std::vector<std::string>& axes, const std::string& expected) {
  const std::string name = node.text();
  if (std::find(axes.begin(), axes.end(), name) == axes.end()) {
    node.problem(expected + listed(axes), '"' + name + '"', hint_for(name, axes));
  }
  return name;
}

void read_series(const Node& node, const std::vector<std::string>& axes, StudyPlot& plot) {
  if (!node || node.text() == "case") return;
  plot.by_family = node.text() == "family";
  if (!plot.by_family) plot.series = axis_named(node, axes, "case, family or one of the axes: ");
}

StudyPlot read_plot(const Node& node, const std::vector<StudyColumn>& columns, const std::vector<std::string>& axes) {
  static constexpr std::array<std::string_view, 3> kinds{"bars", "lines", "scatter"};
  static constexpr std::array<std::string_view, 2> scales{"x", "y"};
  StudyPlot plot;
  plot.kind = static_cast<StudyPlot::Kind>(node.required("kind").choice(kinds));
  const Node y = node.required("y");
  if (y.is_list()) {
    for (const Node& item : y.items()) plot.y.push_back(column_named(item, columns));
    if (plot.y.empty()) y.problem("at least one column", "none");
  } else if (y) {
    plot.y.push_back(column_named(y, columns));
  }
  if (plot.kind != StudyPlot::Kind::bars) {
    plot.x = column_named(node.required("x"), columns);
    read_series(node.optional("series"), axes, plot);
    if (const Node panels = node.optional("panels")) plot.panels = axis_named(panels, axes, "one of the axes: ");
    const Node limits = node.optional("at_most");
    for (const std::string& title : limits ? limits.keys() : std::vector<std::string>{}) {
      const Node most = limits.required(title);
      plot.at_most.emplace_back(column_titled(most, title, columns), most.number());
    }
    const Node front = node.optional("front");
    plot.front = front.boolean_or(false);
    if (plot.front && plot.y.size() > 1) front.problem("one column in `y`", std::to_string(plot.y.size()));
    const Node log = node.optional("log");
    for (const Node& item : log ? log.items() : std::vector<Node>{}) {
      (item.choice(scales) == 0 ? plot.log_x : plot.log_y) = true;
    }
  }
  node.finish();
  return plot;
}

void read_columns(const Node& list, Study& study) {
  if (!list) return;
  const Parts parts = parts_of(study.cases);
  const std::vector<std::string> axes = axes_of(study.cases);
  std::set<std::string> seen;
  for (const Node& item : list.items()) {
    study.columns.push_back(read_column(item, parts, axes, !study.baseline.empty()));
    const std::string& title = study.columns.back().title;
    if (!seen.insert(title).second) item.problem("a title of its own", '"' + title + '"');
  }
  if (study.columns.empty()) list.problem("at least one column", "none");
}

}  // namespace

const StudyCase* Study::baseline_of(const StudyCase& of) const {
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const StudyCase& other) {
    return other.series == baseline && other.axes == of.axes;
  });
  return found == cases.end() ? nullptr : &*found;
}

Study read_study(const config::Document& document) {
  const Node root = document.root();
  Study study;
  study.file = document.file();
  study.name = root.required("study").text();
  study.title = root.optional("title").text_or(study.name);
  study.question = root.optional("question").text_or("");
  study.notes = root.optional("notes").text_or("");
  if (const Node sources = root.optional("sources")) {
    for (const Node& item : sources.items()) study.sources.push_back(item.text());
  }
  study.cases = read_cases(root);
  study.baseline = read_baseline(root.optional("baseline"), study.cases);
  read_columns(root.required("columns"), study);
  if (const Node plot = root.optional("plot"); plot && !study.columns.empty()) {
    study.plot = read_plot(plot, study.columns, axes_of(study.cases));
  }
  root.finish();
  return study;
}

}  // namespace aifsim::study
