#include "serving/sources/csv_line.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "config/node.hpp"
#include "serving/sources/limits.hpp"

namespace aifsim::serving {
namespace {

// Names differ in case and in what stands between words.
std::string plain(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

CsvField trimmed(std::string_view line, std::size_t begin, std::size_t end) {
  while (begin < end && (line[begin] == ' ' || line[begin] == '\t')) ++begin;
  while (end > begin && (line[end - 1] == ' ' || line[end - 1] == '\t')) --end;
  if (end - begin >= 2 && line[begin] == '"' && line[end - 1] == '"') {
    ++begin;
    --end;
  }
  return {line.substr(begin, end - begin), begin + 1};
}

std::string counted(std::size_t count, const char* noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::vector<CsvField> split_csv(std::string_view line) {
  std::vector<CsvField> fields;
  bool in_quotes = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"') in_quotes = !in_quotes;
    if (line[at] != ',' || in_quotes) continue;
    fields.push_back(trimmed(line, begin, at));
    begin = at + 1;
  }
  fields.push_back(trimmed(line, begin, line.size()));
  return fields;
}

CsvReader::CsvReader(const std::string& path) : lines_(path) {
  if (!lines_.next()) lines_.refuse(1, "", "a header line", "an empty file");
  for (const CsvField& field : split_csv(lines_.line())) names_.emplace_back(field.text);
}

std::optional<std::size_t> CsvReader::find(std::span<const std::string_view> names) const {
  for (const std::string_view name : names) {
    for (std::size_t column = 0; column < names_.size(); ++column) {
      if (plain(names_[column]) == plain(name)) return column;
    }
  }
  return std::nullopt;
}

std::size_t CsvReader::require(std::span<const std::string_view> names, const std::string& what) const {
  if (const auto column = find(names)) return *column;
  const std::vector<std::string> known(names.begin(), names.end());
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  std::string hint;
  for (const std::string& have : names_) {
    const auto near = hint.empty() ? config::nearest(have, known) : std::nullopt;
    if (near) hint = in_quotes(have) + ": did you mean " + in_quotes(*near) + "?";
  }
  lines_.refuse(1, "", "a column with " + what + " (" + list + ")", "none in the header", hint);
}

bool CsvReader::next() {
  if (!lines_.next()) return false;
  fields_ = split_csv(lines_.line());
  if (fields_.size() != names_.size()) {
    const std::size_t last = std::min(fields_.size(), names_.size() + 1) - 1;
    lines_.refuse(fields_[last].column, "", counted(names_.size(), "field") + " as in the header",
                  std::to_string(fields_.size()));
  }
  return true;
}

int CsvReader::tokens(std::size_t column, int least) const {
  const std::string_view text = field(column).text;
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc{} && end == text.data() + text.size();
  if (!number || !(value >= least) || value > most_tokens || std::floor(value) != value) {
    lines_.refuse(field(column).column, names_[column],
                  "tokens, an integer from " + std::to_string(least) + " to " + std::to_string(most_tokens),
                  text.empty() ? "nothing" : in_quotes(text));
  }
  return static_cast<int>(value);
}

}  // namespace aifsim::serving
