#include "study/study_cases.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "study/study_fragment.hpp"

namespace aifsim::study {
namespace {

using config::Node;

struct AxisValue {
  std::string text;
  Fragment fragment;
};
struct Axis {
  std::string name;
  std::vector<AxisValue> values;
};

struct NamedFragment {
  std::string name, family;
  int line = 0;
  Fragment fragment;
  std::map<std::string, std::set<std::string>> only;  // values of axes; an axis that is not here: all
};

AxisValue read_axis_value(const std::string& axis, const Node& item) {
  AxisValue value;
  if (item.is_map()) {
    value.text = item.required("label").text();
    value.fragment = read_fragment(item);
    item.finish();
  } else if (axis == "platform" || axis == "workload") {
    const std::string path = path_of(item);
    value.text = std::filesystem::path(path).stem().string();
    (axis == "platform" ? value.fragment.platform : value.fragment.workload) = path;
  } else {
    value.text = item.text();
    value.fragment.sets.emplace_back(axis, value.text);
  }
  return value;
}

std::vector<Axis> read_axes(const Node& node) {
  std::vector<Axis> axes;
  for (const std::string& name : node ? node.keys() : std::vector<std::string>{}) {
    const Node list = node.required(name);
    Axis axis{name, {}};
    std::set<std::string> seen;
    for (const Node& item : list.items()) {
      axis.values.push_back(read_axis_value(name, item));
      if (!seen.insert(axis.values.back().text).second) {
        item.problem("a value that the axis does not have yet", '"' + axis.values.back().text + '"');
      }
    }
    if (axis.values.empty()) list.problem("at least one value", "none");
    axes.push_back(std::move(axis));
  }
  return axes;
}

std::map<std::string, std::set<std::string>> read_only(const Node& node, const std::vector<Axis>& axes) {
  std::map<std::string, std::set<std::string>> only;
  for (const std::string& name : node ? node.keys() : std::vector<std::string>{}) {
    const Node list = node.required(name);
    std::vector<std::string> axis_names, values;
    for (const Axis& axis : axes) {
      axis_names.push_back(axis.name);
      for (const AxisValue& value : axis.values) {
        if (axis.name == name) values.push_back(value.text);
      }
    }
    if (values.empty()) refuse(list, "an axis of the study", name, axis_names);
    for (const Node& item : list.items()) only[name].insert(one_of(item, values));
  }
  return only;
}

std::vector<NamedFragment> read_named(const Node& node, const std::vector<Axis>& axes) {
  if (!node) return {{}};
  std::vector<NamedFragment> named;
  std::set<std::string> seen;
  for (const Node& item : node.items()) {
    const Node name = item.required("name");
    named.push_back({name.text(), item.optional("family").text_or(name.text()), item.line(), read_fragment(item),
                     read_only(item.optional("only"), axes)});
    item.finish();
    if (!seen.insert(named.back().name).second) name.problem("a name of its own", '"' + named.back().name + '"');
  }
  if (named.empty()) node.problem("at least one case", "none");
  return named;
}

std::vector<StudyPart> parts_of(const Fragment& fragment) {
  std::vector<StudyPart> parts;
  const auto add = [&](StudyPart part) {
    if (fragment.network && part.command != "topology" && part.command != "traffic") {
      part.options.insert(part.options.end(), {"--network", *fragment.network});
    }
    if (fragment.seed && (part.command == "run" || part.command == "traffic")) {
      part.options.insert(part.options.end(), {"--seed", *fragment.seed});
    }
    parts.push_back(std::move(part));
  };
  if (fragment.workload) add({"job", "run", {}});
  for (const auto* group : {&fragment.topology, &fragment.collectives, &fragment.traffics}) {
    if (!*group) continue;
    for (const StudyPart& part : **group) add(part);
  }
  return parts;
}

void check_case(const Node& root, const StudyCase& one) {
  const std::string name = one.name.empty() ? "the case" : "case \"" + one.name + '"';
  if (one.platform.empty()) root.problem("a platform in " + name + " or in base", "none");
  if (one.parts.empty()) {
    root.problem("something to simulate in " + name + ": workload, topology, collective or traffic", "none");
  }
  std::set<std::string> seen;
  for (const StudyPart& part : one.parts) {
    if (!seen.insert(part.name).second) {
      root.problem("another `name` for each of several " + part.command + " entries in " + name, '"' + part.name + '"');
    }
  }
}

bool wanted(const NamedFragment& named, const std::vector<Axis>& axes, const std::vector<std::size_t>& at) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto only = named.only.find(axes[i].name);
    if (only != named.only.end() && !only->second.contains(axes[i].values[at[i]].text)) return false;
  }
  return true;
}

StudyCase make_case(const Fragment& base, const NamedFragment& named, const std::vector<Axis>& axes,
                    const std::vector<std::size_t>& at) {
  Fragment fragment = base;
  fragment.lay(named.fragment);
  StudyCase one;
  one.series = named.name;
  one.name = named.name;
  one.family = named.family;
  one.line = named.line;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const AxisValue& value = axes[i].values[at[i]];
    fragment.lay(value.fragment);
    const std::string label = axes[i].name.substr(axes[i].name.find_last_of('.') + 1) + '=' + value.text;
    one.name += (one.name.empty() ? "" : ", ") + label;
    one.axes.emplace_back(axes[i].name, value.text);
  }
  one.platform = fragment.platform.value_or("");
  one.workload = fragment.workload.value_or("");
  for (const auto& [key, value] : fragment.sets) one.sets.push_back(key + '=' + value);
  one.parts = parts_of(fragment);
  return one;
}

}  // namespace

std::vector<StudyCase> read_cases(const Node& root) {
  constexpr std::size_t most_cases = 100'000;
  const Node base_node = root.optional("base");
  const Fragment base = base_node ? read_fragment(base_node) : Fragment{};
  if (base_node) base_node.finish();
  const std::vector<Axis> axes = read_axes(root.optional("axes"));
  const std::vector<NamedFragment> named = read_named(root.optional("cases"), axes);
  if (!root.has("cases") && !root.has("axes")) root.problem("`cases`, `axes` or both", "neither");
  std::size_t combinations = 1;
  for (const Axis& axis : axes) combinations *= std::max<std::size_t>(1, std::min(axis.values.size(), most_cases));
  if (combinations * named.size() > most_cases) {
    root.problem("at most " + std::to_string(most_cases) + " cases", std::to_string(combinations * named.size()));
    return {};
  }
  std::vector<StudyCase> cases;
  for (const NamedFragment& one : named) {
    for (std::size_t index = 0; index < combinations; ++index) {
      std::vector<std::size_t> at(axes.size());
      std::size_t rest = index;
      for (std::size_t i = axes.size(); i-- > 0;) {
        if (axes[i].values.empty()) return {};
        at[i] = rest % axes[i].values.size();
        rest /= axes[i].values.size();
      }
      if (!wanted(one, axes, at)) continue;
      cases.push_back(make_case(base, one, axes, at));
      check_case(root, cases.back());
    }
  }
  return cases;
}

}  // namespace aifsim::study
