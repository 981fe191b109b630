#include "study/study_table.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "study/study_keys.hpp"

namespace aifsim::study {
namespace {

using Json = nlohmann::json;

Figure figure_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_boolean()) return std::string(value.get<bool>() ? "yes" : "no");
  if (value.is_string()) return value.get<std::string>();
  return {};
}

const Json* find(const Json& json, std::string_view path) {
  const Json* at = &json;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string word(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (at->is_array()) {
      std::size_t position = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), position);
      if (error != std::errc{} || end != word.data() + word.size() || position >= at->size()) return nullptr;
      at = &(*at)[position];
    } else {
      if (!at->is_object() || !at->contains(word)) return nullptr;
      at = &at->at(word);
    }
  }
  return at;
}

// "16" is a number; "10 us" is text.
Figure axis_figure(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  return text;
}

// The results of one case, by the names of its parts.
class CaseResults {
 public:
  CaseResults(const StudyCase& one, const std::vector<UnitResult>& results) : case_(one) {
    for (const UnitResult& result : results) {
      parts_.push_back(result.error.empty() ? Json::parse(result.json) : Json());
    }
  }

  [[nodiscard]] Figure operator()(const std::string& key) const {
    if (key == "case") return case_.name;
    const std::size_t dot = key.find('.');
    const std::string head = key.substr(0, dot);
    const std::string_view rest = dot == std::string::npos ? std::string_view() : std::string_view(key).substr(dot + 1);
    if (head == "axis") {
      for (const auto& [axis, value] : case_.axes) {
        if (axis == rest) return axis_figure(value);
      }
      return {};
    }
    for (std::size_t i = 0; i < case_.parts.size(); ++i) {
      if (case_.parts[i].name != head) continue;
      const Json* root = find(parts_[i], result_root(case_.parts[i].command));
      const Json* value = root == nullptr ? nullptr : find(*root, rest);
      return value == nullptr ? Figure{} : figure_of(*value);
    }
    return {};
  }

 private:
  const StudyCase& case_;
  std::vector<Json> parts_;
};

Figure relative(const StudyColumn& column, const Figure& figure, const Figure& base) {
  const double* value = std::get_if<double>(&figure);
  const double* reference = std::get_if<double>(&base);
  if (value == nullptr || reference == nullptr || *reference == 0) return {};
  return column.relative == StudyColumn::Relative::percent ? *value / *reference - 1 : *value / *reference;
}

StudyRow row_of(const StudyCase& one, const std::vector<UnitResult>& results) {
  StudyRow row;
  row.name = one.name;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].error.empty()) continue;
    row.error += (row.error.empty() ? "" : "; ") + one.parts[i].name + ": " + results[i].error;
    row.our_bug = row.our_bug || results[i].our_bug;
  }
  return row;
}

std::string with_separators(std::string digits) {
  const std::size_t start = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > start + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string rounded(double value, int digits) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 1e-4 || size >= 1e15) return fmt::format("{:.{}e}", value, digits - 1);
  const int before = static_cast<int>(std::floor(std::log10(size))) + 1;
  if (before >= digits) return with_separators(fmt::format("{:.0f}", value));
  std::string text = fmt::format("{:.{}f}", value, digits - before);
  const std::size_t point = text.find('.');
  return with_separators(text.substr(0, point)) + text.substr(point);
}

}  // namespace

std::vector<StudyRow> evaluate(const Study& study, const std::vector<std::vector<UnitResult>>& results) {
  ensure(results.size() == study.cases.size(), "every case has results");
  std::vector<CaseResults> cases;
  for (std::size_t i = 0; i < study.cases.size(); ++i) cases.emplace_back(study.cases[i], results[i]);
  std::vector<StudyRow> rows;
  for (std::size_t i = 0; i < study.cases.size(); ++i) {
    StudyRow row = row_of(study.cases[i], results[i]);
    for (const StudyColumn& column : study.columns) {
      Figure figure = column.value.value(cases[i]);
      if (column.relative != StudyColumn::Relative::none) {
        const StudyCase* base = study.baseline_of(study.cases[i]);
        figure = base == nullptr
                     ? Figure()
                     : relative(column, figure,
                                column.value.value(cases[static_cast<std::size_t>(base - study.cases.data())]));
      }
      if (double* number = std::get_if<double>(&figure)) *number *= column.scale;
      row.figures.push_back(std::move(figure));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string shown(const StudyColumn& column, const Figure& figure) {
  if (const auto* text = std::get_if<std::string>(&figure)) return *text;
  const double* number = std::get_if<double>(&figure);
  if (number == nullptr) return "-";
  switch (column.relative) {
    case StudyColumn::Relative::percent: return fmt::format("{:+.1f} %", *number * 100);
    case StudyColumn::Relative::factor: return rounded(*number, column.digits) + "x";
    case StudyColumn::Relative::none: break;
  }
  const bool whole = std::abs(*number) < 1e15 && std::floor(*number) == *number;
  return whole ? with_separators(fmt::format("{:.0f}", *number)) : rounded(*number, column.digits);
}

}  // namespace aifsim::study
